import pytest

from tests.filter.exams import an_exam, found

SYMBOL = "AMBIGUOUS_MIME"
MULTI = "Content-Type: multipart/mixed; boundary=a"


@pytest.mark.parametrize(
    ("mail", "why"),
    [
        (f"{MULTI}; boundary=b\n\n--a\n\nGuten Tag\n--a--\n", "two boundaries"),
        (f"{MULTI}\nContent-Type: text/html\n\n--a\n\nHello\n--a--\n", "two content types"),
        ("Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n\nSGFsbG8=\n",
         "two encodings"),
        ("Content-Type: message/partial; id=x; number=1\n\nSubject: x\n\nx\n",
         "a part of it is elsewhere"),
        ("Content-Transfer-Encoding: base64\n\nSGFs=bG8=\n", "base64 that ends early"),
    ],
    ids=["German", "English", "encodings", "partial", "padding"],
)  # fmt: skip
def test_mail_that_programs_read_differently_is_found(mail: str, why: str) -> None:
    (detail,) = found(SYMBOL, an_exam(f"Subject: x\n{mail}"))
    assert why in detail


@pytest.mark.parametrize(
    "mail",
    ["Subject: Grüezi\n\nGuten Tag\n", f"{MULTI}\n\n--a\n\nHello\n--a--\n",
     "Content-Type: text\n\nfrom before MIME\n"],
    ids=["German", "English", "old"],
)  # fmt: skip
def test_plain_mail_passes(mail: str) -> None:
    assert found(SYMBOL, an_exam(mail)) == []
