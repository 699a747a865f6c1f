import pytest

from filter.authentication import Authentication
from tests.filter.exams import an_exam, found

GERMAN = "From: bank@sparkasse.example\nSubject: Ihr Konto\n\nBitte bestätigen Sie.\n"
ENGLISH = "From: bank@savings.example\nSubject: Your account\n\nPlease confirm.\n"


@pytest.mark.parametrize(
    ("mail", "sender"),
    [(GERMAN, "bank@sparkasse.example"), (ENGLISH, "bank@savings.example"), (ENGLISH, "")],
    ids=["German", "English", "null sender"],
)
def test_a_server_that_may_not_send_for_the_domain_is_noted(mail: str, sender: str) -> None:
    assert found(
        "SPF_FAIL", an_exam(mail, sender=sender, authentication=Authentication("fail"))
    ) == [sender]


@pytest.mark.parametrize(
    "result", ["pass", "none", "neutral", "softfail", "temperror", "permerror"]
)
def test_no_other_result_of_spf_counts_as_failed(result: str) -> None:
    assert found("SPF_FAIL", an_exam(GERMAN, authentication=Authentication(result))) == []


def test_a_forwarded_mail_whose_signature_holds_is_not_noted() -> None:
    proven = Authentication("fail", ("dmarc", "dkim"))
    assert found("SPF_FAIL", an_exam(GERMAN, authentication=proven)) == []
