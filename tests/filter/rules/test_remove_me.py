import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Wenn Sie keine weiteren E-Mails wünschen: aus unserem Verteiler löschen",
        "To be removed from future mailings type REMOVE",
        "Pour ne plus recevoir nos messages",
        "Per essere rimosso dalla nostra lista",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_remove_me_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("REMOVE_ME", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("REMOVE_ME", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Bitte den Eintrag in der Tabelle löschen.",
        "The old pump was taken out of service.",
        "Merci de corriger la liste.",
    ],
)
def test_ordinary_talk_near_remove_me_is_fine(text: str) -> None:
    assert found("REMOVE_ME", an_exam(f"Subject: x\n\n{text}\n")) == []
