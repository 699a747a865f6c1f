import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Klicken Sie hier",
        "CLICK HERE!!",
        "Cliquez ici",
        "Clicca qui subito",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_click_here_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("CLICK_HERE", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("CLICK_HERE", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Der Schalter klickt nicht mehr.",
        "The clicker is in the drawer.",
        "Le clic de la souris",
    ],
)
def test_ordinary_talk_near_click_here_is_fine(text: str) -> None:
    assert found("CLICK_HERE", an_exam(f"Subject: x\n\n{text}\n")) == []
