import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Sofortkredit trotz Betreibung",
        "Refinance now, bad credit is no problem",
        "Offre de prêt rapide entre particuliers",
        "Prestito veloce senza busta paga",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_loans_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("LOANS", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("LOANS", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Die Bank hat den Kreditantrag der Firma geprüft.",
        "I will credit your account for the return.",
        "Le crédit du budget est épuisé.",
    ],
)
def test_ordinary_talk_near_loans_is_fine(text: str) -> None:
    assert found("LOANS", an_exam(f"Subject: x\n\n{text}\n")) == []
