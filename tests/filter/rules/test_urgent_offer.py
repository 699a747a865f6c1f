import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Nur noch heute: sichern Sie sich Ihren Platz!",
        "Act now, this is your last chance.",
        "Offre limitée, n'attendez plus !",
        "Ultima occasione: ordina subito.",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_urgent_offer_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("URGENT_OFFER", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("URGENT_OFFER", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Bitte bestelle noch Papier.",
        "Could you call me back this afternoon?",
        "Die Zeit ist knapp.",
    ],
)
def test_ordinary_talk_near_urgent_offer_is_fine(text: str) -> None:
    assert found("URGENT_OFFER", an_exam(f"Subject: x\n\n{text}\n")) == []
