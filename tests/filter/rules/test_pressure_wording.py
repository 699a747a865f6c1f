import time

import pytest

from filter.rule import load_rules
from tests.filter.exams import an_exam, found

SYMBOL = "PRESSURE_WORDING"


def a_mail(text: str, subject: str = "Hallo") -> str:
    return f"From: a@there.example\nSubject: {subject}\n\n{text}\n"


@pytest.mark.parametrize(
    "text",
    [
        "Bitte überweisen Sie den Betrag noch heute. Die Sache ist streng vertraulich.",
        "Ich brauche dringend Geschenkkarten, bin in einer Sitzung.",
        "Merci d'effectuer le virement tout de suite et de rester discret.",
        "Ho bisogno di un bonifico urgente, sono in riunione.",
        "I need you to process a wire transfer right away. Keep this between us.",
        "Can you buy some gift cards? I'm in a meeting and can't talk.",
    ],
    ids=["German", "German gift cards", "French", "Italian", "English", "English gift cards"],
)
def test_a_payment_under_pressure_is_found(text: str) -> None:
    assert len(found(SYMBOL, an_exam(a_mail(text)))) == 1


def test_the_subject_counts_too() -> None:
    assert found(SYMBOL, an_exam(a_mail("Bitte heute noch.", "Zahlung")))


@pytest.mark.parametrize(
    "text",
    [
        "Die Rechnung liegt bei, zahlbar innert 30 Tagen.",
        "Rufst du mich dringend zurück?",
        "Your invoice is attached. Thank you for your business.",
        "Votre facture est en pièce jointe.",
        "",
    ],
    ids=["German invoice", "urgent only", "English invoice", "French invoice", "empty"],
)
def test_an_invoice_or_haste_alone_is_not(text: str) -> None:
    assert found(SYMBOL, an_exam(a_mail(text))) == []


def test_it_neither_holds_nor_warns_of_itself() -> None:
    rule = load_rules()[SYMBOL]
    assert not rule.speaks_against


@pytest.mark.parametrize(
    "piece", ["zahlung ", "dringend ", "a", "in einer ", "innert 1 ", "don't "]
)
def test_much_text_takes_little_time(piece: str) -> None:
    took = []
    # The fastest of three: a busy machine must not fail a test that found nothing.
    for _ in range(3):
        exam = an_exam(a_mail(piece * (65536 // len(piece))))
        start = time.process_time()
        found(SYMBOL, exam)
        took.append(time.process_time() - start)
    assert min(took) < 0.1
