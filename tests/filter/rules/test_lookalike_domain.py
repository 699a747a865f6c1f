import pytest

from tests.filter.tenant_exams import a_tenant_exam, found_for_tenant

SYMBOL = "LOOKALIKE_DOMAIN"


@pytest.mark.parametrize(
    ("domain", "original"),
    [
        ("muster-rechnung.example", "muster.example"),
        ("secure-hafenbank.ch", "hafenbank.ch"),
        ("firma.example", "firma.ch"),
    ],
    ids=["German", "English", "another ending"],
)
def test_a_domain_that_looks_like_ours_or_a_partners_is_found(domain: str, original: str) -> None:
    exam = a_tenant_exam(f"bob@{domain}", "Bob")
    assert found_for_tenant(SYMBOL, exam) == [f"{domain} looks like {original}"]


@pytest.mark.parametrize(
    "author",
    ["bob@muster.example", "bob@mail.hafenbank.ch", "bob@there.example", "bob@gmail.com", ""],
    ids=["ours", "below a partner's", "other", "large provider", "no single author"],
)
def test_the_domains_themselves_and_others_are_not(author: str) -> None:
    assert found_for_tenant(SYMBOL, a_tenant_exam(author)) == []


def test_what_a_trusted_peer_sends_is_not_from_outside() -> None:
    assert found_for_tenant(SYMBOL, a_tenant_exam("bob@firma.example", outside=False)) == []
