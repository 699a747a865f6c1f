import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "mail",
    [
        "Subject: Wartung fällig\n\nStanze 2\n",
        "Subject: Your prize\nDate:\n\nClaim it now.\n",
        "Subject: Body\n\nDate: Mon, 23 Nov 2026 09:00:00 +0100\n",
    ],
    ids=["German without", "English with an empty one", "only in the text"],
)
def test_mail_that_does_not_say_when_it_was_written_is_noted(mail: str) -> None:
    assert found("MISSING_DATE", an_exam(mail)) == [""]


@pytest.mark.parametrize(
    "mail",
    [
        "Date: Mon, 23 Nov 2026 09:00:00 +0100\nSubject: Grüezi\n\nHoi\n",
        "DATE: Mon, 23 Nov 2026 09:00:00 +0100\nSubject: Hello\n\nHi\n",
        "Date: gestern\nSubject: Alte Uhr\n\nHoi\n",
    ],
    ids=["German", "English in capitals", "unreadable"],
)
def test_mail_with_any_date_is_fine(mail: str) -> None:
    assert found("MISSING_DATE", an_exam(mail)) == []
