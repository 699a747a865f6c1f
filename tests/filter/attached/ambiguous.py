"""Mails that programs read differently, each with the test virus in what some of them see."""

import base64
import binascii

from filter.attached.attachments import TEST_VIRUS

PLAIN = TEST_VIRUS.decode()
CODE = base64.b64encode(TEST_VIRUS).decode()
FILE = f"Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n{CODE}\n"
QUOTED = "".join(f"={byte:02X}" for byte in TEST_VIRUS)
SOFT = "=\n".join(QUOTED[at : at + 60] for at in range(0, len(QUOTED), 60))
LINES = [TEST_VIRUS[:45], TEST_VIRUS[45:]]
UU = "".join(binascii.b2a_uu(line).decode() for line in LINES)
MULTI = "Content-Type: multipart/mixed; boundary=a"
INNER = f"Subject: inner\nMIME-Version: 1.0\n{FILE}"
INNER_CODE = base64.encodebytes(INNER.encode()).decode()


def junk(every: int, letter: str) -> str:
    return letter.join(CODE[at : at + every] for at in range(0, len(CODE), every))


def pieces(*sizes: int) -> str:
    """Return base64 that ends again and again."""
    at, found = 0, ""
    for size in (*sizes, len(TEST_VIRUS)):
        found += base64.b64encode(TEST_VIRUS[at : at + size]).decode()
        at += size
    return found


def octets(code: str, encoding: str = "base64") -> str:
    return (
        f"Content-Type: application/octet-stream\nContent-Transfer-Encoding: {encoding}\n\n{code}\n"
    )


AMBIGUOUS = {
    "two boundaries, the second": f"{MULTI}; boundary=b\n\n--b\n{FILE}--b--\n",
    "two boundaries, the first": f"{MULTI}; boundary=b\n\n--a\n{FILE}--a--\n",
    "boundary in pieces": f"{MULTI}; boundary*0=b; boundary*1=c\n\n--bc\n{FILE}--bc--\n",
    "two types, multipart first": f"{MULTI}\nContent-Type: text/plain\n\n--a\n{FILE}--a--\n",
    "two types, text first": f"Content-Type: text/plain\n{MULTI}\n\n--a\n{FILE}--a--\n",
    "two encodings, base64 first": f"Content-Transfer-Encoding: base64\n"
    f"Content-Transfer-Encoding: 7bit\n\n{CODE}\n",
    "two encodings, base64 second": f"Content-Transfer-Encoding: 7bit\n"
    f"Content-Transfer-Encoding: base64\n\n{CODE}\n",
    "two encodings, quoted second": f"Content-Transfer-Encoding: base64\n"
    f"Content-Transfer-Encoding: quoted-printable\n\n{SOFT}\n",
    "unknown encoding": octets(CODE, "base-64"),
    "encoding with a comment": octets(CODE, "(a) base64"),
    "encoding in quotes": octets(CODE, '"base64"'),
    "stars in base64": octets(junk(9, "*")),
    "spaces in base64": octets(junk(5, " ")),
    "dashes on lines of their own": octets(junk(12, "\n-\n")),
    "padding in the middle": octets(pieces(16)),
    "padding twice": octets(pieces(10, 22)),
    "padding at the front": octets("====" + CODE),
    "without padding": octets(CODE.rstrip("=")),
    "encoded multipart": f"{MULTI}\nContent-Transfer-Encoding: base64\n\n--a\n{FILE}--a--\n",
    "truly encoded multipart": f"{MULTI}\nContent-Transfer-Encoding: base64\n\n"
    + base64.encodebytes(f"--a\n{FILE}--a--\n".encode()).decode(),
    "no last boundary": f"{MULTI}\n\n--a\nContent-Type: text/plain\n\nx\n--a\n{FILE}",
    "no boundary at all": f"Content-Type: multipart/mixed\n\n--a\n{FILE}--a--\n",
    "preamble": f"{MULTI}\n\n{FILE}\n--a\n\nx\n--a--\n",
    "epilogue": f"{MULTI}\n\n--a\n\nx\n--a--\n{FILE}",
    "plain preamble": f"{MULTI}\n\n{PLAIN}\n--a\n\nx\n--a--\n",
    "a part behind the end": f"{MULTI}\n\n--a\n\nx\n--a--\n--a\n{FILE}--a--\n",
    "partial": f"Content-Type: message/partial; id=x; number=1; total=2\n\n{INNER}",
    "external body": "Content-Type: message/external-body; access-type=x\n\n" + FILE,
    "uuencode": f"Content-Type: text/plain\n\nHallo\nbegin 644 a.txt\n{UU}`\nend\n",
    "uuencode as its encoding": octets(f"begin 644 a.txt\n{UU}`\nend", "x-uuencode"),
    "base64 in text": f"Content-Type: text/plain\n\nbegin-base64 644 a.txt\n{CODE}\n====\n",
    "forwarded": f"Content-Type: message/rfc822\n\n{INNER}",
    "forwarded twice": f"Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\n{INNER}",
    "forwarded in base64": "Content-Type: message/rfc822\n"
    f"Content-Transfer-Encoding: base64\n\n{INNER_CODE}",
    "forwarded as a file": octets(INNER_CODE),
    "quoted": octets(SOFT, "quoted-printable"),
    "type without a slash": f"Content-Type: multipart\n\n--a\n{FILE}--a--\n",
    "space before the colon": f"Content-Type : multipart/mixed; boundary=a\n\n--a\n{FILE}--a--\n",
    "header after a broken line": f"Content-Type: application/octet-stream\nbroken\n"
    f"Content-Transfer-Encoding: base64\n\n{CODE}\n",
}
