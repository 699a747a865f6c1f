import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore import threads
from mailstore.threads import thread_of

FIRST = "<first@there.example>"


@pytest.mark.parametrize(
    "fields",
    [
        ("", "", FIRST),
        ("", FIRST, "<second@there.example>"),
        (f"{FIRST} <second@there.example>", "<second@there.example>", "<third@there.example>"),
        (f"\t{FIRST}\r\n <x@y>", "", ""),
        (f"(as told) {FIRST}", "", ""),
    ],
    ids=["the first", "an answer", "an answer to an answer", "folded", "with a comment"],
)
def test_all_mail_of_a_conversation_has_one_number(fields: tuple[str, str, str]) -> None:
    assert thread_of(*fields) == thread_of("", "", FIRST) > 0


@pytest.mark.parametrize(
    "fields", [("", "", ""), ("none", "of these", "is an id"), ("<>", "< >", "<a b>")]
)
def test_mail_that_names_nothing_has_none(fields: tuple[str, str, str]) -> None:
    assert thread_of(*fields) == 0


def test_other_conversations_have_other_numbers() -> None:
    assert len({thread_of("", "", f"<{each}@there.example>") for each in range(100)}) == 100


@given(st.text(), st.text(), st.text())
def test_whatever_a_header_says_fits_the_column(first: str, second: str, third: str) -> None:
    assert 0 <= thread_of(first, second, third) < 2**63


@pytest.mark.parametrize("public_id", ["0" * 16, "f" * 16])
def test_mail_alone_has_a_number_of_its_own(public_id: str) -> None:
    assert 0 < threads.alone(public_id) < 2**63
