import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Mit Geld-zurück-Garantie und 100 % Garantie.",
        "Satisfaction guaranteed or your money back!",
        "Satisfait ou remboursé.",
        "Risultati garantiti al 100%.",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_guarantee_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("TOO_GOOD_GUARANTEE", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("TOO_GOOD_GUARANTEE", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Die Garantie der Maschine läuft im Mai ab.",
        "The warranty covers parts and labour.",
        "Le délai de garantie est de deux ans.",
    ],
)
def test_ordinary_talk_near_guarantee_is_fine(text: str) -> None:
    assert found("TOO_GOOD_GUARANTEE", an_exam(f"Subject: x\n\n{text}\n")) == []
