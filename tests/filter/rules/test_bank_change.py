import pytest

from filter.rule import load_rules
from tests.filter.exams import an_exam, found

SYMBOL = "BANK_CHANGE"


def a_mail(text: str) -> str:
    return f"From: a@there.example\nSubject: Hallo\n\n{text}\n"


@pytest.mark.parametrize(
    "text",
    [
        "Unsere Bankverbindung hat sich geändert, die neue IBAN finden Sie unten.",
        "Bitte überweisen Sie künftig auf unser neues Konto.",
        "Ich möchte meine Bankdaten ändern, der Lohn soll auf ein anderes Konto.",
        "Veuillez noter nos nouvelles coordonnées bancaires.",
        "Le nostre coordinate bancarie sono cambiate.",
        "Please note that our bank details have changed.",
        "I'd like to update my direct deposit before the next payroll.",
    ],
    ids=["German", "German account", "German salary", "French", "Italian", "English", "salary"],
)
def test_a_change_of_bank_is_found_once(text: str) -> None:
    assert len(found(SYMBOL, an_exam(a_mail(text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Unsere Bankverbindung: CH93 0076 2011 6238 5295 7",
        "Our bank details are on the invoice.",
        "Nos coordonnées bancaires figurent sur la facture.",
        "",
    ],
    ids=["German", "English", "French", "empty"],
)
def test_bank_details_that_stay_are_not(text: str) -> None:
    assert found(SYMBOL, an_exam(a_mail(text))) == []


def test_it_neither_holds_nor_warns_of_itself() -> None:
    assert not load_rules()[SYMBOL].speaks_against
