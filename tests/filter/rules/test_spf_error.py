import pytest

from filter.authentication import Authentication
from tests.filter.exams import an_exam, found

GERMAN = "From: bank@sparkasse.example\nSubject: Ihr Konto\n\nBitte bestätigen Sie.\n"
ENGLISH = "From: bank@savings.example\nSubject: Your account\n\nPlease confirm.\n"


@pytest.mark.parametrize(
    ("mail", "result"),
    [(GERMAN, "temperror"), (ENGLISH, "permerror")],
    ids=["German", "English"],
)
def test_a_check_that_could_not_be_made_is_noted(mail: str, result: str) -> None:
    exam = an_exam(mail, authentication=Authentication(result))
    assert found("SPF_ERROR", exam) == [result]


@pytest.mark.parametrize("result", ["pass", "none", "neutral", "softfail", "fail"])
def test_a_result_is_no_error(result: str) -> None:
    assert found("SPF_ERROR", an_exam(GERMAN, authentication=Authentication(result))) == []
