import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Aktientipp mit Kursziel: 200 % Rendite",
        "Hot stock: strong buy, price target 8",
        "Doublez votre capital, rendement de 20 %",
        "Raddoppia il tuo capitale, investi ora",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_stock_tips_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("STOCK_TIPS", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("STOCK_TIPS", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Der Jahresbericht weist einen Gewinn aus.",
        "We have the pump in stock.",
        "Le rendement de la machine a baissé.",
    ],
)
def test_ordinary_talk_near_stock_tips_is_fine(text: str) -> None:
    assert found("STOCK_TIPS", an_exam(f"Subject: x\n\n{text}\n")) == []
