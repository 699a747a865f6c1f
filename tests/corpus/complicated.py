"""Mails that cost parsers more than they cost their sender: deep, many, long."""

from tests.corpus.crashing import MIXED, author, subject
from tests.portal.mails import START, TEXT, html_mail, mail, of_parts


def nested(depth: int) -> bytes:
    """Return multiparts within each other."""
    opened = b"".join(MIXED + b"b%d\r\n\r\n--b%d\r\n" % (each, each) for each in range(depth))
    return START + b"MIME-Version: 1.0\r\n" + opened + TEXT


def forwarded(depth: int) -> bytes:
    """Return mails within each other."""
    return START + b"Content-Type: message/rfc822\r\n\r\n" * depth + TEXT


def parameters(count: int) -> bytes:
    """Return a Content-Type with so many parameters."""
    return mail(b"Content-Type: text/plain" + b"".join(b"; p%d=x" % each for each in range(count)))


COMPLICATED = {
    "multiparts 60 deep": nested(60),
    "multiparts 500 deep": nested(500),
    "multiparts 3,000 deep": nested(3000),
    "forwarded 1,000 times": forwarded(1000),
    "100,000 parts": of_parts(*[b"\r\nx"] * 100_000),
    "200,000 fields": START + b"X-A: b\r\n" * 200_000 + b"\r\nx\r\n",
    "200,000 folds": START + b"X-A:" + b"\r\n a" * 200_000 + b"\r\n\r\nx\r\n",
    "a subject of 200,000 folds": subject(b"a" + b"\r\n a" * 200_000),
    "8,000 encoded words": author(b" ".join([b"=?utf-8?q?a?="] * 8000) + b" <bob@there.example>"),
    "8,000 parameters": parameters(8000),
    "8,000 pieces of a name": mail(
        b"Content-Disposition: attachment"
        + b"".join(b"; filename*%d=x" % each for each in range(8000))
    ),
    "8,000 brackets": author(b"(" * 8000 + b"bob@there.example"),
    "8,000 closed brackets": author(b"(" * 8000 + b")" * 8000 + b" bob@there.example"),
    "100,000 quotes": author(b'"\\' * 100_000 + b" <bob@there.example>"),
    "20,000 authors": author(b",".join([b"a@there.example"] * 20_000)),
    "20,000 commas in To": mail(b"To: " + b"," * 20_000),
    "1,000 results": mail(
        *[b"Authentication-Results: mx.there.example; spf=pass (" + b"(" * 500] * 1000
    ),
    "1,000 signatures": mail(
        *[b"DKIM-Signature: v=1; a=rsa-sha256; d=there.example; s=s; h=from; bh=; b="] * 1000
    ),
    "half a megabyte of open tags": html_mail("<div>" * 100_000),
    "half a megabyte of hidden depth": html_mail("<div><!--</div>-->" * 30_000),
    "a megabyte of angle brackets": html_mail("<" * 2**20),
    "a megabyte of entities": html_mail("&amp" * 2**18),
    "a megabyte of styles": html_mail('<p style="' + "color:red;" * 2**16 + '">'),
    "a megabyte of equal signs": mail(
        b"Content-Transfer-Encoding: quoted-printable", body=b"=" * 2**20
    ),
    "a megabyte of addresses": mail(body=b"a.b/" * 2**18),
    "a megabyte of at signs": mail(body=b"a@b." * 2**18),
}
