import pytest

from filter.rule import load_rules
from filter.rules.ceo_fraud import PRETENDS, WANTS
from tests.filter.exams import an_exam, found
from tests.filter.tenant_exams import a_tenant_exam, found_for_tenant

SYMBOL = "CEO_FRAUD"
NAME, LOOKALIKE = "PROTECTED_NAME_FROM_OUTSIDE", "LOOKALIKE_DOMAIN"
ELSEWHERE, FIRST = "REPLY_TO_ELSEWHERE", "FIRST_CONTACT"
PRESSURE, BANK = "PRESSURE_WORDING", "BANK_CHANGE"
EVIL = "x@evil.example"


@pytest.mark.parametrize(
    "names",
    [
        (NAME, PRESSURE),
        (NAME, FIRST),
        (LOOKALIKE, BANK),
        (ELSEWHERE, PRESSURE),
        ("OWN_DOMAIN_FORGED", ELSEWHERE, BANK),
    ],
    ids=["name and pressure", "name and stranger", "lookalike and bank", "answer and pressure",
         "three"],
)  # fmt: skip
def test_a_pretender_who_wants_something_is_found(names: tuple[str, ...]) -> None:
    exam = a_tenant_exam(EVIL, symbols=names)
    assert found_for_tenant(SYMBOL, exam) == [" ".join(sorted(names))]


@pytest.mark.parametrize(
    "names",
    [(), (NAME,), (PRESSURE, BANK, FIRST), (ELSEWHERE, FIRST), ("SPF_FAIL", PRESSURE)],
    ids=["nothing", "namesake", "real reminder", "first letter of a club", "other signs"],
)
def test_either_alone_is_everyday(names: tuple[str, ...]) -> None:
    assert found_for_tenant(SYMBOL, a_tenant_exam(EVIL, symbols=names)) == []


def test_what_a_trusted_peer_sends_is_not_from_outside() -> None:
    exam = a_tenant_exam(EVIL, symbols=(NAME, PRESSURE), outside=False)
    assert found_for_tenant(SYMBOL, exam) == []


def test_it_is_asked_after_all_that_it_counts_on() -> None:
    order = [*PRETENDS, *WANTS, ELSEWHERE, FIRST, SYMBOL]
    places = {name: at for at, name in enumerate(load_rules())}
    assert max(order, key=places.__getitem__) == SYMBOL


@pytest.mark.parametrize(
    "text",
    [
        "Bitte überweise heute noch 45'000 Franken, dringend und vertraulich.",
        "Please make an urgent wire transfer of $45,000 today and keep this confidential.",
    ],
    ids=["German", "English"],
)
def test_a_letter_in_the_name_of_a_colleague_that_presses_for_money(text: str) -> None:
    assert found(PRESSURE, an_exam(f"From: Anna Keller <{EVIL}>\n\n{text}\n"))
    exam = a_tenant_exam(EVIL, "Anna Keller", symbols=(PRESSURE, NAME))
    assert found_for_tenant(NAME, exam)
    assert found_for_tenant(SYMBOL, exam)
