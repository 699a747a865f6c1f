import base64

import pytest

from filter.rules.eicar import TEST_STRING
from tests.filter.exams import an_exam, found

EICAR = TEST_STRING.decode()
GERMAN = f"Subject: Ihre Rechnung\n\nIm Anhang:\n{EICAR}\n"
ENGLISH = f"""
Subject: Your invoice
Content-Type: application/octet-stream; name="invoice.txt"
Content-Transfer-Encoding: base64

{base64.b64encode(TEST_STRING).decode()}
"""
IN_A_PART = f"""
Subject: Zwei Teile
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Der zweite Teil ist es.
--b
Content-Type: text/plain

{EICAR}
--b--
"""
FORWARDED = f"Subject: Fwd\nContent-Type: message/rfc822\n\nSubject: inner\n\n{EICAR}\n"


@pytest.mark.parametrize(
    "mail", [GERMAN, ENGLISH, IN_A_PART, FORWARDED], ids=["German", "English", "part", "forwarded"]
)
def test_the_test_virus_is_found_once_wherever_it_lies(mail: str) -> None:
    assert found("VIRUS_FOUND", an_exam(mail)) == ["Eicar-Test-File"]


@pytest.mark.parametrize(
    "mail",
    [
        f"Subject: Virus\n\n{EICAR[:-1]}\n",
        "Subject: Die EICAR-Testdatei\n\nWie prüft man damit den Filter?\n",
        "Subject: EICAR-STANDARD-ANTIVIRUS-TEST-FILE\n\nHow do I use it?\n",
    ],
    ids=["one character short", "German talk of it", "English talk of it"],
)
def test_mail_about_the_test_virus_is_none(mail: str) -> None:
    assert found("VIRUS_FOUND", an_exam(mail)) == []
