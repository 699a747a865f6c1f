import pytest

from tests.filter.exams import an_exam, found

SYMBOL = "AMBIGUOUS_FROM"
BODY = "\nSubject: Hallo\n\nWer bin ich?\n"


@pytest.mark.parametrize(
    ("author", "why"),
    [
        ("From: Ihre Bank <bank@sparkasse.example>\nFrom: eve@evil.example", "several From fields"),
        ("From: bank@savings.example, eve@evil.example", "several authors"),
        ("From : Your bank <bank@savings.example>", "blanks around the name of From"),
        ("From: Chefinnen: eve@evil.example;", "signs that programs read in different ways"),
    ],
    ids=["German", "English", "blank before the colon", "group"],
)
def test_a_from_that_can_be_read_in_several_ways_is_noted(author: str, why: str) -> None:
    assert found(SYMBOL, an_exam(author + BODY)) == [why]


@pytest.mark.parametrize(
    "author",
    [
        "From: Käthe Hug <kaethe@bergpost.example>",
        'From: "Hug, Käthe" <kaethe@bergpost.example>',
        "From: Bob (at work) <bob@there.example>",
        "From: bob@there.example (Bob)",
        "To: anna@muster.example",
    ],
    ids=["German", "comma in quotes", "comment", "English", "no author"],
)
def test_a_clear_author_is_not_noted(author: str) -> None:
    assert found(SYMBOL, an_exam(author + BODY)) == []
