import pytest

from filter.authentication import Authentication
from filter.authentication.dmarc import Dmarc
from filter.rule import load_rules
from tests.filter.exams import an_exam, found

SYMBOLS = ("DMARC_FAIL", "DMARC_QUARANTINE", "DMARC_REJECT")
GERMAN = "From: bank@sparkasse.example\nSubject: Ihr Konto\n\nBitte bestätigen Sie.\n"
ENGLISH = "From: bank@savings.example\nSubject: Your account\n\nPlease confirm.\n"


def all_found(mail: str, authentication: Authentication) -> dict[str, list[str]]:
    exam = an_exam(mail, authentication=authentication)
    return {symbol: hits for symbol in SYMBOLS if (hits := found(symbol, exam))}


@pytest.mark.parametrize(
    ("mail", "policy", "symbols"),
    [
        (GERMAN, "reject", {"DMARC_FAIL": ["p=reject"], "DMARC_REJECT": [""]}),
        (ENGLISH, "quarantine", {"DMARC_FAIL": ["p=quarantine"], "DMARC_QUARANTINE": [""]}),
        (ENGLISH, "none", {"DMARC_FAIL": ["p=none"]}),
    ],
    ids=["German", "English", "nothing asked for"],
)
def test_a_failure_is_noted_with_what_the_owner_asks_for(
    mail: str, policy: str, symbols: dict[str, list[str]]
) -> None:
    assert all_found(mail, Authentication(dmarc=Dmarc("fail", policy))) == symbols


@pytest.mark.parametrize(
    "authentication",
    [
        Authentication(dmarc=Dmarc("pass", "reject")),
        Authentication(dmarc=Dmarc("temperror", "reject")),
        Authentication(),
        Authentication(proofs=("arc",), dmarc=Dmarc("fail", "reject")),
    ],
    ids=["pass", "no answer", "no record", "a list that is believed"],
)
def test_nothing_is_noted_without_a_failure(authentication: Authentication) -> None:
    assert all_found(GERMAN, authentication) == {}


def test_even_the_strictest_wish_holds_no_mail_alone() -> None:
    rules = load_rules()
    weights = [rules[symbol].weight for symbol in SYMBOLS]
    assert weights[0] + max(weights) + rules["DKIM_INVALID"].weight < 4
