import pytest

from filter.findings import Findings
from filter.rule import TenantExam, load_rules
from filter.verdict import UNCHECKED_DOMAIN
from mailstore.addresses import Address
from mailstore.envelopes import TenantFacts
from tests.filter.exams import STRANGER

FACTS = TenantFacts(1, strict_domains=frozenset({"bluewin.ch", "muster.example"}))
FORGED = "FORGED_SENDER_DOMAIN"


def found(sender: str, spf: str) -> list[tuple[str, str]]:
    address = Address.parse(sender) if sender else None
    find = load_rules()[FORGED].find_for_tenant
    assert find is not None
    exam = TenantExam(STRANGER, address, Findings((), spf=spf), FACTS)
    return [(symbol.name, symbol.detail) for symbol in find(exam)]


@pytest.mark.parametrize(
    ("sender", "spf", "domain"),
    [
        ("rechnung@bluewin.ch", "fail", "bluewin.ch"),
        ("invoice@bluewin.ch", "softfail", "bluewin.ch"),
        ("news@mail.bluewin.ch", "fail", "mail.bluewin.ch"),
        ("news@mail.bluewin.ch", "none", "mail.bluewin.ch"),
        ("anna@muster.example", "fail", "muster.example"),
    ],
    ids=[
        "German",
        "English, softfail",
        "domain below",
        "below without SPF",
        "the tenant's own",
    ],
)
def test_a_strict_domain_from_a_foreign_server_is_forged(
    sender: str, spf: str, domain: str
) -> None:
    assert found(sender, spf) == [(FORGED, domain)]


@pytest.mark.parametrize("spf", ["pass", "none", "neutral", "permerror"])
def test_a_strict_domain_that_is_not_contradicted_is_not_forged(spf: str) -> None:
    assert found("rechnung@bluewin.ch", spf) == []


@pytest.mark.parametrize(
    "sender",
    ["", "bob@there.example", "bob@notbluewin.ch", "bob@bluewin.ch.there.example", "bob@ch"],
    ids=["null sender", "other domain", "longer name", "as a prefix", "domain above"],
)
def test_any_other_domain_is_none_of_its_business(sender: str) -> None:
    assert found(sender, "fail") == []


def test_a_strict_domain_that_cannot_be_checked_is_put_off() -> None:
    assert found("rechnung@bluewin.ch", "temperror") == [(UNCHECKED_DOMAIN, "bluewin.ch")]
    assert found("bob@there.example", "temperror") == []
