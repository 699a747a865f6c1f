import pytest

from filter.authentication import Authentication
from filter.authentication.signatures import Signature
from tests.filter.exams import an_exam, found

SYMBOL = "DKIM_INVALID"
GERMAN = "From: Käthe Hug <kaethe@bergpost.example>\nSubject: Grüsse\n\nBis bald!\n"
ENGLISH = "From: Bob <bob@there.example>\nSubject: Plans\n\nSee you at noon.\n"


def signatures(*results: str) -> Authentication:
    made = (Signature("there.example", "s1", "abc", each, "why") for each in results)
    return Authentication(dkim=tuple(made))


@pytest.mark.parametrize(
    ("mail", "results"),
    [(GERMAN, ("fail",)), (ENGLISH, ("permerror",)), (ENGLISH, ("temperror", "fail", "fail"))],
    ids=["German", "English", "several"],
)
def test_signatures_that_do_not_hold_are_noted_once(mail: str, results: tuple[str, ...]) -> None:
    exam = an_exam(mail, authentication=signatures(*results))
    assert found(SYMBOL, exam) == ["there.example: why"]


@pytest.mark.parametrize(
    "results",
    [(), ("pass",), ("fail", "pass"), ("temperror",), ("neutral",)],
    ids=["unsigned", "good", "one good", "no answer", "not tried"],
)
def test_nothing_is_said_where_one_holds_or_nobody_knows(results: tuple[str, ...]) -> None:
    assert found(SYMBOL, an_exam(GERMAN, authentication=signatures(*results))) == []
