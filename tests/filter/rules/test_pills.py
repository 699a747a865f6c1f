import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Potenzmittel rezeptfrei bestellen",
        "Viagra without a prescription",
        "Médicaments sans ordonnance",
        "Farmaci senza ricetta medica",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_pills_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("PILLS", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("PILLS", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Das Rezept für den Apfelkuchen liegt bei.",
        "The pharmacy on Main Street is closed.",
        "Une ordonnance du tribunal",
    ],
)
def test_ordinary_talk_near_pills_is_fine(text: str) -> None:
    assert found("PILLS", an_exam(f"Subject: x\n\n{text}\n")) == []
