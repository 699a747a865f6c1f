from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore.addresses import Address
from mailstore.errors import BadName
from mailstore.mime import Mail, head_of, header_fields
from mailstore.texts import single
from mailstore.writing.addressing import Named
from mailstore.writing.composing import MOST_REFERENCES, Enclosure, Letter, compose

ANNA = Named("Anna Keller", Address("anna", "muster.example"))
BOB = Named("Bob", Address("bob", "there.example"))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
# What ends a line somewhere, and what ends a text.
BREAKS = ("\r", "\n", "\r\n", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029")
FIELDS = [b"from", b"to", b"subject", b"date", b"message-id"]
OF_MIME = {b"content-type", b"content-transfer-encoding", b"mime-version"}


def composed(*files: Enclosure, **values: Any) -> bytes:
    usual: dict[str, Any] = {
        "message_id": "<1@muster.example>", "at": NOW, "author": ANNA, "to": [BOB], "cc": [],
        "subject": "Plans", "text": "At noon.",
    }  # fmt: skip
    return compose(Letter(**usual | values), files)


def fields_of(raw: bytes) -> list[bytes]:
    return [name for _, _, name in header_fields(head_of(raw)) if name not in OF_MIME]


def is_canonical(raw: bytes) -> bool:
    bare = raw.replace(b"\r\n", b"")
    return not {*b"\r\n\0"} & {*bare} and max(map(len, raw.split(b"\r\n"))) <= 998


def test_a_mail_says_what_was_typed() -> None:
    files = [Enclosure("Offerte März.pdf", "application/pdf", b"%PDF\r\n\0")]
    mail = Mail(
        composed(*files, subject="Grüsse aus Zürich", text="Hallo\n\nBis später", cc=[ANNA])
    )
    assert mail.header("Subject") == "Grüsse aus Zürich"
    assert mail.authors == [("Anna Keller", ANNA.address)]
    assert mail.people("To") == [("Bob", BOB.address)]
    assert mail.people("Cc") == [("Anna Keller", ANNA.address)]
    assert mail.text == "Hallo\r\n\r\nBis später\r\n"
    (file,) = mail.attachments
    assert (file.name, file.content_type, file.content()) == ("Offerte März.pdf", "application/pdf",
                                                              b"%PDF\r\n\0")  # fmt: skip


@pytest.mark.parametrize("end", BREAKS, ids=repr)
def test_no_text_becomes_a_field_or_a_line_of_its_own(end: str) -> None:
    evil = f"x{end}Bcc: eve@evil.example{end}{end}y"
    raw = composed(Enclosure(evil, evil, b"1"), text=evil, in_reply_to=f"<1>{end}X: y",
                   references=[f"<2@b>{end}X: y", "<3@b>"])  # fmt: skip
    assert fields_of(raw) == [*FIELDS, b"references"]
    assert is_canonical(raw)
    assert b"\nBcc" not in head_of(raw)


@pytest.mark.parametrize("end", BREAKS, ids=repr)
@pytest.mark.parametrize("field", ["subject", "name"])
def test_a_line_end_in_a_subject_or_name_is_refused_or_a_space(end: str, field: str) -> None:
    evil = f"x{end}Bcc: eve@evil.example"
    values = {"subject": evil} if field == "subject" else {"author": Named(evil, ANNA.address)}
    try:
        raw = composed(**values)
    except BadName:
        return
    assert end in ("\n", "\r\n")
    assert fields_of(raw) == FIELDS


@pytest.mark.parametrize("field", ["subject", "author", "to", "file"])
def test_what_looks_encoded_is_read_as_it_was_typed(field: str) -> None:
    evil = "=?utf-8?q?a=0D=0AX-Evil:_1=0D=0A=0D=0Abody?="
    values: dict[str, Any] = {
        "subject": evil, "author": Named(evil, ANNA.address), "to": [Named(evil, BOB.address)]
    }  # fmt: skip
    files = [Enclosure(evil, "text/plain", b"1")] if field == "file" else []
    raw = composed(*files, **{name: value for name, value in values.items() if name == field})
    mail = Mail(raw)
    assert fields_of(raw) == FIELDS
    assert b"X-Evil" not in raw.partition(b"\r\n\r\n")[2] or field == "file"
    shown = {"subject": [mail.header("Subject")], "author": [mail.authors[0][0]],
             "to": [mail.people("To")[0][0]], "file": [evil]}  # fmt: skip
    assert shown[field] == [evil]


WORDS = st.text(max_size=80) | st.lists(
    st.sampled_from(
        ["=?utf-8?q?", "=?utf-8?b?", "?=", "=0D=0A", "DQo=", "ä", " ", '"', "\\", "<,>"]
    )
).map("".join)


@given(WORDS, WORDS, st.text(max_size=2000), WORDS)
def test_whatever_is_typed_makes_a_sound_mail(
    subject: str, name: str, text: str, file: str
) -> None:
    try:
        shown = single(subject), single(name)
    except BadName:
        shown = "Plans", "Anna"
    author = Named(shown[1], ANNA.address)
    raw = composed(Enclosure(file, "text/plain", b"1"), subject=shown[0], author=author, text=text)
    mail = Mail(raw)
    assert fields_of(raw) == FIELDS
    assert is_canonical(raw)
    assert mail.header("Subject").split() == shown[0].split()
    assert [address for _, address in mail.authors] == [ANNA.address]
    assert [part.content() for part in mail.attachments] == [b"1"]


def test_the_first_of_a_conversation_is_always_named() -> None:
    ids = [f"<{number}@there.example>" for number in range(100)]
    said = Mail(composed(references=ids)).header("References").split()
    assert (said[0], said[-1], len(said)) == (ids[0], ids[-1], MOST_REFERENCES)


def test_a_domain_is_written_in_ascii_and_a_name_before_it_in_utf8() -> None:
    swiss = Named("", Address("käthi", "zürich.example"))
    raw = composed(to=[swiss])
    assert "käthi@xn--zrich-kva.example".encode() in raw


def test_a_quoted_local_part_stays_one() -> None:
    odd = Address.parse('"a, b\\"c"@there.example')
    assert Mail(composed(to=[Named("", odd)])).people("To") == [("", odd)]


@pytest.mark.parametrize(
    "kind", ["message/rfc822", "multipart/mixed", "text", "a/b\r\nX: y", ""], ids=repr
)
def test_a_file_of_an_odd_type_is_bytes(kind: str) -> None:
    (file,) = Mail(composed(Enclosure("a.eml", kind, b"Subject: x\r\n\r\n"))).attachments
    assert (file.content_type, file.content()) == ("application/octet-stream",
                                                   b"Subject: x\r\n\r\n")  # fmt: skip
