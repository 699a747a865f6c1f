import pytest

from mailstore.sending.sentfolder import found_in

PLAIN = (rb"\HasNoChildren",)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([(PLAIN, b"/", "Sent"), ((rb"\sent",), b"/", "Versandt")], "Versandt"),
        ([(PLAIN, b"/", "INBOX"), (PLAIN, b"/", "Gesendete Elemente")], "Gesendete Elemente"),
        ([(PLAIN, b"/", "SENT ITEMS")], "SENT ITEMS"),
        ([(PLAIN, b".", "INBOX.Gesendet"), (PLAIN, b".", "INBOX.Archiv")], "INBOX.Gesendet"),
        ([(PLAIN, b"/", "Envoye\u0301s")], "Envoye\u0301s"),
        ([(PLAIN, b"/", "Inviata"), (PLAIN, b"/", "Sent")], "Sent"),
        ([((rb"\NoSelect", rb"\Sent"), b"/", "Sent"), (PLAIN, b"/", "Inviata")], "Inviata"),
        ([(PLAIN, None, "Sent")], "Sent"),
        ([(PLAIN, b"/", "Projekte/Sent"), (PLAIN, b"/", "Absent")], None),
        ([], None),
    ],
    ids=["special use", "Outlook", "capitals", "below the inbox", "composed", "two names",
         "no folder", "no separator", "another folder", "nothing"],
)  # fmt: skip
def test_the_folder_of_sent_mail_is_found_by_what_the_server_says_or_by_its_name(
    listed: list[tuple[tuple[bytes, ...], bytes | None, str]], expected: str | None
) -> None:
    assert found_in(listed) == expected
