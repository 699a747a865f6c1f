import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Lieber Freund, träumen Sie von Reichtum?",
        "Dear friend, are you tired of debt?",
        "Cher ami, vous méritez mieux",
        "Caro amico, anche tu puoi",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_flattery_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("SALES_GREETING", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("SALES_GREETING", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Grüezi Frau Keller",
        "Dear Anna, the minutes are attached.",
        "Bonjour Pierre",
    ],
)
def test_ordinary_talk_near_flattery_is_fine(text: str) -> None:
    assert found("SALES_GREETING", an_exam(f"Subject: x\n\n{text}\n")) == []
