import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Das ist kein Spam: Sie erhalten diese E-Mail, weil einer unserer Partner …",
        "This is not spam, you opted in to it with one of our partners",
        "Ce message n'est pas un spam, conformément à la loi",
        "Questa non è spam, uno dei nostri partner",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_not_spam_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("NOT_SPAM", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("NOT_SPAM", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Im Ordner liegen zwei Dateien.",
        "The meeting is at nine.",
        "La réunion commence à huit heures.",
    ],
)
def test_ordinary_talk_near_not_spam_is_fine(text: str) -> None:
    assert found("NOT_SPAM", an_exam(f"Subject: x\n\n{text}\n")) == []
