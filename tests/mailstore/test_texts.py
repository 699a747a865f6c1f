import pytest

from mailstore.errors import BadName
from mailstore.texts import plain


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("", ""), ("  a  ", "a"), ("a\r\n\r\n\r\nb ", "a\nb"), ("a\tb", "a b"), ("<b>&", "<b>&"),
     ("Zoë 👩‍💻 日本", "Zoë 👩‍💻 日本"), ("x" * 500, "x" * 500)],
    ids=["nothing", "spaces", "empty lines", "tab", "HTML", "any script", "longest"],
)  # fmt: skip
def test_what_people_type_is_kept_as_they_mean_it(typed: str, kept: str) -> None:
    assert plain(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["x" * 501, "a\0b", "a\x1b[31mb", "a\rb", "a\u2028b", "a\u202eb", "a\u2066b", "a\ud800b"],
    ids=["too long", "NUL", "escape", "bare CR", "line separator", "turned", "isolated", "half"],
)
def test_what_hides_or_breaks_other_text_is_refused(typed: str) -> None:
    with pytest.raises(BadName):
        plain(typed)
