from email import message_from_bytes
from email.header import decode_header, make_header
from zoneinfo import ZoneInfo

from portal import mails

EVIL = "=?utf-8?q?a=0D=0AX-Evil:_1=0D=0A=0D=0Abody?="


def test_what_only_looks_encoded_makes_no_field_of_its_own() -> None:
    author, reader = mails.named(EVIL, "a@b.example"), mails.named("Anna", "c@d.example")
    mail = mails.begun(f"Held: {EVIL}", author, reader, ZoneInfo("Europe/Zurich"), "h", "k")
    mail.set_content("text")
    found = message_from_bytes(mails.as_bytes(mail))
    assert "X-Evil" not in found
    assert found.get_payload() == "text\r\n"
    shown = str(make_header(decode_header(found["Subject"])))
    assert shown.replace("\u2060", "") == f"Held: {EVIL}"
