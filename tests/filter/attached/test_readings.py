import base64
import time

import pytest

from filter.attached.attachments import look
from filter.attached.readings import ambiguities
from mailstore.mime import Mail
from tests.filter.attached.ambiguous import AMBIGUOUS, CODE, FILE, octets
from tests.filter.attached.packed import a_zip, raw_with_file
from tests.filter.exams import an_exam, raw_mail


@pytest.mark.parametrize("text", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_a_virus_in_any_reading_is_found_or_the_mail_is_called_ambiguous(text: str) -> None:
    mail = an_exam(f"Subject: x\n{text}").mail
    assert look(mail).viruses or ambiguities(mail)


def test_a_virus_is_found_in_nearly_every_reading() -> None:
    missed = [name for name, text in AMBIGUOUS.items()
              if not look(an_exam(f"Subject: x\n{text}").mail).viruses]  # fmt: skip
    assert len(missed) <= 0.05 * len(AMBIGUOUS), missed


@pytest.mark.parametrize(
    "text",
    [
        "Subject: Grüezi\n\nbegin at the beginning\n",
        f"Content-Type: multipart/mixed; boundary=a\n\n--a\n{FILE}--a--\n",
        "Content-Type: multipart/mixed; boundary=a\n\nThis is MIME.\n--a\n\nx\n--a--\nList\n",
        octets(CODE),
    ],
    ids=["German", "attachment", "English preamble and epilogue", "base64"],
)
def test_ordinary_mail_is_read_in_one_way(text: str) -> None:
    assert ambiguities(an_exam(text).mail) == []


@pytest.mark.parametrize(
    "body",
    ["QUFB\n" * 100_000, "begin 644 a\n" * 20_000, "=" * 500_000, "A" * 1_000_000, "Aa==" * 100_000,
     ("A" * 64 + "\n\n") * 8000, "Content-Type: x\n" * 30_000],
    ids=["base64", "uuencode", "padding", "one line", "ends", "many", "headers"],
)  # fmt: skip
def test_other_readings_never_take_long(body: str) -> None:
    mail = Mail(raw_mail(f"Content-Type: multipart/mixed; boundary=a\n\n--a\n\n{body}"))
    begun = time.process_time()
    look(mail)
    assert time.process_time() - begun < 2


def test_a_document_in_a_forwarded_mail_is_no_archive_in_archives() -> None:
    document = base64.encodebytes(a_zip({"word/document.xml": b"<x/>"})).decode()
    inner = (
        "From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\n"
        "Content-Transfer-Encoding: quoted-printable\n\nGr=C3=BCezi\n--x\n"
        'Content-Type: application/zip; name="a.docx"\n'
        f"Content-Transfer-Encoding: base64\n\n{document}\n--x--\n"
    )
    assert look(Mail(raw_with_file("Nachricht.eml", inner.encode()))).knots == []


@pytest.mark.parametrize(
    "content",
    [b"Content-Type: x\r\n=41" * 150_000, b"QUJD\r\nx y\r\n" * 200_000],
    ids=["mails in mails", "lines of base64"],
)
def test_what_takes_too_long_to_read_says_so_in_time(content: bytes) -> None:
    begun = time.process_time()
    found = look(Mail(raw_with_file("a.eml", b"Content-Type: text/plain\r\n" + content)))
    assert time.process_time() - begun < 4
    assert found.knots or time.process_time() - begun < 1.5
