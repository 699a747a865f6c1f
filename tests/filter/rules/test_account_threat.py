import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Ihr Konto wird gesperrt: bestätigen Sie Ihr Konto",
        "Verify your account or your account will be suspended",
        "Votre compte sera suspendu : activité inhabituelle",
        "Il suo conto è stato bloccato, attività insolita",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_account_threat_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("ACCOUNT_THREAT", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("ACCOUNT_THREAT", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Das Konto 4711 im Hauptbuch ist ausgeglichen.",
        "The account manager visits us on Monday.",
        "Le compte rendu est joint.",
    ],
)
def test_ordinary_talk_near_account_threat_is_fine(text: str) -> None:
    assert found("ACCOUNT_THREAT", an_exam(f"Subject: x\n\n{text}\n")) == []
