import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "10 Kilo abnehmen ohne Diät",
        "Lose weight and burn fat while you sleep",
        "Perdez 10 kilos en un mois",
        "Dimagrire senza dieta",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_slimming_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("SLIMMING", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("SLIMMING", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Das Gewicht der Kiste beträgt 20 Kilo.",
        "The weight of each item is listed.",
        "Le poids du colis",
    ],
)
def test_ordinary_talk_near_slimming_is_fine(text: str) -> None:
    assert found("SLIMMING", an_exam(f"Subject: x\n\n{text}\n")) == []
