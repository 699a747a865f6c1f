import time

import pytest

from filter.attached.attachments import look
from filter.attached.readings import ambiguities
from mailstore.mime import Mail
from tests.filter.attached.ambiguous import AMBIGUOUS, CODE, FILE, octets
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
