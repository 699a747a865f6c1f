import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Gewinnbenachrichtigung: Sie haben gewonnen!",
        "You have won the lottery",
        "Vous avez gagné le gros lot",
        "Hai vinto alla lotteria",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_lottery_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("LOTTERY", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("LOTTERY", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Unsere Mannschaft hat das Spiel gestern 3:1 für sich entschieden.",
        "We won the contract with the town.",
        "Le lot numéro deux est livré.",
    ],
)
def test_ordinary_talk_near_lottery_is_fine(text: str) -> None:
    assert found("LOTTERY", an_exam(f"Subject: x\n\n{text}\n")) == []
