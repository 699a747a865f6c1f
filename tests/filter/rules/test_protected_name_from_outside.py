import pytest

from tests.filter.tenant_exams import a_tenant_exam, found_for_tenant

SYMBOL = "PROTECTED_NAME_FROM_OUTSIDE"
EVIL = "office@evil.example"


@pytest.mark.parametrize(
    "name",
    [
        "Anna Keller",
        "KELLER Anna",
        "Keller, Anna",
        "anna.keller",
        "Anna B. Keller",
        "Frau Dr. Anna Keller",
        "Anna Keller (CEO)",
        "Anna Keller | Muster Bau AG",
        "Anna Keller <anna@muster.example>",
        "Anna Keller via Sharing",
        "Jürg Müller",
        "Juerg Mueller",
        "Jurg Muller",
        "\u0410nna K\u0435ller",
        "\u202eAnna\u200b Keller",
        "\uff21nna \uff2beller",
        "Anna Maria Keller",
        "Anna Keller Muster AG",
        "Anna Ke1ler",
    ],
    ids=[
        "plain",
        "other order and case",
        "with a comma",
        "with a dot",
        "middle initial",
        "German titles",
        "English role",
        "with the company",
        "with an address",
        "by a service",
        "umlauts",
        "umlauts written out",
        "umlauts left out",
        "Cyrillic twins",
        "unseen characters",
        "full width",
        "middle name",
        "company without a mark",
        "digit for a letter",
    ],
)  # fmt: skip
def test_the_name_of_one_of_ours_shown_for_a_strange_address_is_found(name: str) -> None:
    exam = a_tenant_exam(EVIL, name)
    assert found_for_tenant(SYMBOL, exam) == [f"{name} shown for {EVIL}"]


@pytest.mark.parametrize(
    ("author", "name"),
    [
        (EVIL, "Anna"),
        (EVIL, "Anna Kellermann"),
        (EVIL, "Beat Keller"),
        (EVIL, "Anna Maria Weber-Keller"),
        (EVIL, ""),
        ("anna@home.example", "Anna Keller"),
        ("ANNA@home.example", "Anna Keller"),
        ("anna@muster.example", "Anna Keller"),
        ("anna@mail.muster.example", "Anna Keller"),
        ("", "Anna Keller"),
    ],
    ids=[
        "one word",
        "longer name",
        "other person",
        "other names",
        "no name",
        "from home",
        "from home in capitals",
        "own domain",
        "below an own domain",
        "no single author",
    ],
)  # fmt: skip
def test_others_and_known_addresses_are_not(author: str, name: str) -> None:
    assert found_for_tenant(SYMBOL, a_tenant_exam(author, name)) == []


def test_what_a_trusted_peer_sends_is_not_from_outside() -> None:
    assert found_for_tenant(SYMBOL, a_tenant_exam(EVIL, "Anna Keller", outside=False)) == []
