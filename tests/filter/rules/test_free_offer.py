import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Absolut gratis und ohne Verpflichtung!",
        "Your FREE gift is waiting, 100% free.",
        "Essai gratuit, sans engagement.",
        "Prova gratuita senza impegno.",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_free_offer_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("FREE_OFFER", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("FREE_OFFER", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Bist du am Freitag frei?",
        "Free software is a matter of liberty.",
        "Der Eintritt ist frei.",
    ],
)
def test_ordinary_talk_near_free_offer_is_fine(text: str) -> None:
    assert found("FREE_OFFER", an_exam(f"Subject: x\n\n{text}\n")) == []
