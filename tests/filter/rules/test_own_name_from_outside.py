import pytest

from tests.filter.tenant_exams import a_tenant_exam, found_for_tenant

SYMBOL = "OWN_NAME_FROM_OUTSIDE"
EVIL = "office@evil.example"


@pytest.mark.parametrize(
    "name",
    [
        "Muster Bau AG",
        "MUSTER BAU",
        "Muster Bau Personalabteilung",
        "Muster Bau IT Support",
        "anna@muster.example",
        "Anna (anna@muster.example)",
        "info\uff20firma.ch",
        "Muster.example",
    ],
    ids=["whole", "without its form", "German office", "English office", "an address",
         "with an address", "full-width sign", "a domain"],
)  # fmt: skip
def test_our_own_name_or_address_shown_for_a_strange_address_is_found(name: str) -> None:
    exam = a_tenant_exam(EVIL, name)
    assert found_for_tenant(SYMBOL, exam) == [f"{name} shown for {EVIL}"]


@pytest.mark.parametrize(
    ("author", "name"),
    [
        (EVIL, "Muster Bauer"),
        (EVIL, "Musterbau Zürich"),
        (EVIL, "Muster Bau Verband Schweiz"),
        (EVIL, "bob@muster.example.evil.example"),
        (EVIL, "AG"),
        (EVIL, ""),
        ("info@muster.example", "Muster Bau AG"),
        ("", "Muster Bau AG"),
    ],
    ids=["another name", "German firm", "something larger", "longer address", "only a form",
         "no name", "really ours", "no single author"],
)  # fmt: skip
def test_other_names_and_our_own_domain_are_not(author: str, name: str) -> None:
    assert found_for_tenant(SYMBOL, a_tenant_exam(author, name)) == []


def test_what_a_trusted_peer_sends_is_not_from_outside() -> None:
    assert found_for_tenant(SYMBOL, a_tenant_exam(EVIL, "Muster Bau AG", outside=False)) == []
