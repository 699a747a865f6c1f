import pytest

from mailstore.colours import DARK, ENOUGH, WHITE, TooPale, contrast, lighter, readable
from mailstore.errors import BadName


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", WHITE, 21), (WHITE, WHITE, 1), ("#767676", WHITE, 4.54), (WHITE, "#0b6272", 6.99)],
    ids=["most", "least", "grey", "petrol"],
)
def test_contrast_is_that_of_the_standard(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize("text", ["#0B6272", " #0b6272 "])
def test_a_colour_is_kept_in_one_way(text: str) -> None:
    assert readable(text) == "#0b6272"


@pytest.mark.parametrize("text", ["", "red", "#fff", "0b6272", "#0b627g", "#0b6272;x:y", "{{7*7}}"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(BadName, match="is not a colour"):
        readable(text)


@pytest.mark.parametrize(("text", "ratio"), [("#ffcc00", 1.5), ("#777777", 4.4)])
def test_a_pale_colour_is_refused_with_its_contrast(text: str, ratio: float) -> None:
    with pytest.raises(TooPale, match=f"contrast of {ratio}:1") as refused:
        readable(text)
    assert refused.value.ratio == ratio


@pytest.mark.parametrize("colour", ["#0b6272", "#000000", "#0000ff", "#a2181f", "#17643a"])
def test_every_colour_has_a_variant_for_dark_pages(colour: str) -> None:
    found = lighter(readable(colour))
    assert contrast(found, DARK) >= ENOUGH
    assert contrast(found, DARK) < ENOUGH + 0.5
