import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Nebenverdienst gesucht? Verdienen Sie bis zu 5000 Franken.",
        "Make money from the comfort of your own home!",
        "Un revenu complémentaire sans effort.",
        "Guadagna soldi senza uscire.",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_easy_money_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("EASY_MONEY", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("EASY_MONEY", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Das Geld für die Kaffeekasse ist verdient.",
        "The income statement of last year is attached.",
    ],
)
def test_ordinary_talk_near_easy_money_is_fine(text: str) -> None:
    assert found("EASY_MONEY", an_exam(f"Subject: x\n\n{text}\n")) == []
