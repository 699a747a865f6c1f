import pytest

from filter.authentication import Authentication
from tests.filter.exams import an_exam, found

GERMAN = "From: bank@sparkasse.example\nSubject: Ihr Konto\n\nBitte bestätigen Sie.\n"
ENGLISH = "From: bank@savings.example\nSubject: Your account\n\nPlease confirm.\n"


@pytest.mark.parametrize(
    ("mail", "sender"),
    [(GERMAN, "bank@sparkasse.example"), (ENGLISH, "bank@savings.example")],
    ids=["German", "English"],
)
def test_a_server_that_probably_may_not_send_is_noted(mail: str, sender: str) -> None:
    exam = an_exam(mail, sender=sender, authentication=Authentication("softfail"))
    assert found("SPF_SOFTFAIL", exam) == [sender]


@pytest.mark.parametrize(
    "authentication",
    [
        *map(Authentication, ("pass", "none", "neutral", "fail", "temperror", "permerror")),
        Authentication("softfail", ("dkim",)),
    ],
    ids=["pass", "none", "neutral", "fail", "temperror", "permerror", "forwarded and signed"],
)
def test_nothing_else_counts_as_softfail(authentication: Authentication) -> None:
    assert found("SPF_SOFTFAIL", an_exam(GERMAN, authentication=authentication)) == []
