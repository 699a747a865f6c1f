import time
from encodings.aliases import aliases
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore.addresses import Address
from mailstore.mime import DEEPEST, MOST_PARTS, Mail, TooComplex, decode_text, head_of, one_line

SAMPLES = sorted((Path(__file__).parent.parent / "messages").glob("*.eml"))
AUTHOR = Address("bob", "there.example")


def mail(*fields: bytes, body: bytes = b"Hello.\r\n") -> Mail:
    return Mail(b"\r\n".join(fields) + b"\r\n\r\n" + body)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_is_read(path: Path) -> None:
    sample = Mail(path.read_bytes())
    assert sample.parts
    assert sample.header("From")
    assert sample.snippet
    assert "\n" not in sample.header("Subject") + sample.snippet


def test_a_mail_says_who_wrote_it_and_what_about() -> None:
    read = mail(b"From: Bob <bob@there.example>", b"Subject: Plans\r\n for noon")
    assert read.authors == [("Bob", AUTHOR)]
    assert read.header("Subject") == "Plans for noon"
    assert (read.text, read.snippet) == ("Hello.\r\n", "Hello.")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"Plans", "Plans"),
        (b"=?utf-8?q?Gr=C3=BCsse?=", "Grüsse"),
        (b"=?iso-8859-1?Q?Gr=FCsse?= aus Bern", "Grüsse aus Bern"),
        (b"=?utf-8?b?R3LDvHNzZQ==?=\r\n =?utf-8?b?R3LDvHNzZQ==?=", "GrüsseGrüsse"),
        ("Grüsse".encode(), "Grüsse"),
        ("Grüsse =?utf-8?q?=C3=BC?= €".encode(), "Grüsse ü €"),
        (b"=?nobody-knows?q?Gr=C3=BCsse?=", "Grüsse"),
        (b"=?utf-7?q?+ADw-b+AD4-?=", "+ADw-b+AD4-"),
        (b"=?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x"),
        (b"=?utf-8?q?a=E2=80=A8b=00c=C2=85d?=", "a b\N{REPLACEMENT CHARACTER}c d"),
        (b"=?utf-8?b?R3L?=", "Gr"),
        (b"", ""),
    ],
    ids=["plain", "quoted", "Latin-1", "two words", "raw UTF-8", "raw and encoded",
         "unknown charset", "UTF-7", "line end", "odd breaks", "broken base64", "nothing"],
)  # fmt: skip
def test_a_header_is_shown_decoded_on_one_line(raw: bytes, shown: str) -> None:
    assert mail(b"Subject: " + raw).header("Subject") == shown


HOSTILE = {
    "open bracket": b"From: <",
    "half an address": b"From: a@",
    "empty id": b"Message-ID: <>",
    "open id": b"Message-ID: <a@[>",
    "line end in a name": b"From: =?utf-8?q?a=0D=0ABcc=3A_x?= <bob@there.example>",
    "empty sender": b"Sender: ",
    "two senders": b"Sender: a@there.example, b@there.example",
    "unknown charset": b"Content-Type: text/plain; charset=nobody-knows",
    "idna": b"Content-Type: text/plain; charset=idna",
    "undefined": b"Content-Type: text/plain; charset=undefined",
    "no text": b"Content-Type: text/plain; charset=hex",
    "NUL in charset": b'Content-Type: text/plain; charset="a\0b"',
    "encoded charset": b"Content-Type: text/plain; charset*=utf-8''idna",
    "mixed charset": b"Content-Type: text/plain; charset*0=a; charset*=b",
    "endless number": b"Content-Type: text/plain; x*" + b"9" * 5000 + b"=b",
    "name in a broken charset": b"Content-Disposition: attachment; filename*=undefined''%ff",
    "name in two ways": b"Content-Disposition: attachment; filename*=utf-8''a; filename*0=b",
    "NUL in a name": b'Content-Disposition: attachment; filename="a\0b.exe"',
    "many parameters": b"Content-Type: text/plain; "
    + b"; ".join(b"a%d=b" % n for n in range(2000)),
    "many encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 8000,
    "many folds": b"Subject: a" + b"\r\n b" * 20_000,
    "space before the colon": b"From : bob@there.example",
    "no header at all": b"Hello",
    "uuencode": b"Content-Transfer-Encoding: x-uuencode",
    "base64": b"Content-Transfer-Encoding: base64",
    "multipart in base64": b"Content-Type: multipart/mixed; boundary=a\r\n"
    b"Content-Transfer-Encoding: base64",
    "multipart without a boundary": b"Content-Type: multipart/mixed",
    "two boundaries": b"Content-Type: multipart/mixed; boundary=a; boundary=b",
    "8-bit in everything": b"\xff\xfe: \xff\r\nContent-Type: \xff/\xff; \xff=\xff",
}
BODY = b"begin 644 a\r\n#aaaaaaaaaaa\r\n\x80\xff\r\nend\r\n--a\r\n\r\n\xff\r\n--b\r\n"


@pytest.mark.parametrize("head", HOSTILE.values(), ids=HOSTILE)
def test_hostile_headers_are_read_all_the_same(head: bytes) -> None:
    read_all(head + b"\r\n\r\n" + BODY)


def read_all(raw: bytes) -> None:
    read = Mail(raw)
    shown = [read.text, read.html, read.snippet]
    shown += [read.header(name) for name in ("From", "Sender", "Subject", "Message-ID")]
    for part in read.parts:
        part.content()
        shown += [part.text(), part.name, part.content_id]
    shown += [f"{name} {address}" for name, address in read.authors]
    for text in shown:
        text.encode()
        assert "\0" not in text


PIECES = [
    b"Content-Type: text/plain; charset=", b"Content-Type: multipart/mixed; boundary=x",
    b"Content-Type: message/rfc822", b"Content-Disposition: attachment; filename",
    b"Content-Transfer-Encoding: ", b"From: ", b"Subject: ", b"=?utf-8?b?", b"=?idna?q?", b"?=",
    b"\r\n", b"\r\n\r\n", b"\r\n--x\r\n", b"*0", b"*", b"*1*=utf-8''", b"=", b";", b'"', b"<",
    b">", b"@", b"(", b"\\", b"\0", b"\xff", b"\xc3\xbc", b"%FF", b"base64", b"quoted-printable",
    b"x-uuencode", b"utf-16", b"idna", b"hex", b"undefined", b"punycode", b"begin 644 a", b":",
    b" ", b"\t", b"a", b"\n", b"\r",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_no_mixture_of_headers_breaks_reading(pieces: list[bytes]) -> None:
    read_all(b"".join(pieces))


@pytest.mark.parametrize(
    "raw",
    [
        b"From: " + b"(" * 5000 + b"\r\n\r\n",
        b"Content-Type: message/rfc822\r\n\r\n" * 1000,
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
                 for n in range(500)),
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * 1001,
    ],
    ids=["nested comments", "mail in mail", "nested parts", "many parts"],
)  # fmt: skip
def test_what_is_too_complex_says_so(raw: bytes) -> None:
    with pytest.raises((TooComplex, RecursionError)):
        _ = Mail(raw).authors


def test_a_mail_just_within_the_limits_is_read() -> None:
    many = b"--x\r\n\r\na\r\n" * (MOST_PARTS - 1)
    assert len(mail(b"Content-Type: multipart/mixed; boundary=x", body=many).parts) == 999
    deep = b"Content-Type: message/rfc822\r\n\r\n" * DEEPEST
    assert len(Mail(deep + b"Subject: inner\r\n\r\na").parts) == 1


def multipart(*parts: bytes) -> Mail:
    body = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"
    return mail(b"Content-Type: multipart/mixed; boundary=x", body=body)


@pytest.mark.parametrize(
    ("head", "names"),
    [
        (b"Content-Disposition: attachment; filename=a.pdf", ["a.pdf"]),
        (b"Content-Disposition: inline; filename=a.txt", ["a.txt"]),
        (b"Content-Type: text/plain; name=a.txt", ["a.txt"]),
        (b"Content-Disposition: attachment; filename*=utf-8''%C3%BC.pdf", ["ü.pdf"]),
        (b'Content-Disposition: attachment; filename="=?utf-8?q?=C3=BC?=.pdf"', ["ü.pdf"]),
        (b"Content-Disposition: attachment; filename*0=a; filename*1=.exe", ["a.exe"]),
        (b"Content-Type: application/pdf", [""]),
        (b"Content-Type: image/png\r\nContent-ID: <logo>", [""]),
        (b"Content-Disposition: ATTACHMENT", [""]),
        (b"Content-Type: text/plain", []),
        (b"Content-Disposition: inline", []),
    ],
    ids=["attachment", "inline with a name", "name of the type", "RFC 2231", "RFC 2047", "in two",
         "no name", "picture", "upper case", "text", "inline text"],
)  # fmt: skip
def test_attachments_are_found_by_what_readers_see(head: bytes, names: list[str]) -> None:
    found = multipart(b"\r\nHello.", head + b"\r\n\r\nx").attachments
    assert [part.name for part in found] == names


def test_a_part_is_found_by_its_number_and_its_id() -> None:
    read = multipart(b"\r\nHello.", b"Content-Type: image/png\r\nContent-ID: <logo@x>\r\n"
                     b"Content-Transfer-Encoding: base64\r\n\r\nAAEC")  # fmt: skip
    part = read.part(1)
    assert part is not None
    assert (part.content(), part.content_id) == (b"\0\1\2", "logo@x")
    assert (read.part(2), read.part(-1)) == (None, None)


def test_an_attached_text_is_not_the_body() -> None:
    read = multipart(b"Content-Disposition: attachment\r\n\r\nattached", b"\r\nbody")
    assert read.text.strip() == "body"


def test_html_alone_gives_a_snippet_without_markup() -> None:
    html = b"<head><title>x</title></head><style>p{}</style><p>Hello <b>Anna</b></p>"
    assert mail(b"Content-Type: text/html", body=html).snippet == "Hello Anna"


@pytest.mark.parametrize(
    "piece", [b"<", b"<script ", b"<head a"], ids=["bracket", "script", "head"]
)
def test_a_snippet_never_takes_long(piece: bytes) -> None:
    read = mail(b"Content-Type: text/html", body=piece * (64_000 // len(piece)))
    begun = time.process_time()
    assert len(read.snippet) <= 160
    assert time.process_time() - begun < 0.1


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        (b"Gr\xc3\xbcsse", "utf-8", "Grüsse"),
        (b"Gr\xc3\xbcsse", None, "Grüsse"),
        (b"Gr\xfcsse", "utf-8", "Grüsse"),
        (b"Gr\xfcsse", "iso-8859-1", "Grüsse"),
        (b"Gr\xc3\xbcsse", "nobody-knows", "Grüsse"),
        (b"+ADw-script+AD4-", "UTF-7", "+ADw-script+AD4-"),
        (b"+ADw-script+AD4-", "unicode-1-1-utf-7", "+ADw-script+AD4-"),
        (b"\\u003cscript", "unicode_escape", "\\u003cscript"),
        (b"a\0b", "utf-8", "a\N{REPLACEMENT CHARACTER}b"),
        (b"3c", "hex", "3c"),
    ],
)  # fmt: skip
def test_text_is_read_by_its_charset_or_by_a_better_one(
    content: bytes, charset: str | None, text: str
) -> None:
    assert decode_text(content, charset) == text


@given(st.binary(max_size=100), st.sampled_from(sorted(set(aliases.values()))))
def test_any_bytes_in_any_charset_become_text(content: bytes, charset: str) -> None:
    decode_text(content, charset).encode()


@given(st.text(max_size=60))
def test_any_text_becomes_one_line(text: str) -> None:
    shown = one_line(text)
    assert len(shown.splitlines()) <= 1
    shown.encode()


def test_the_head_ends_at_the_first_empty_line() -> None:
    assert head_of(b"A: b\r\nC: d\r\n\r\nbody\r\n\r\n") == b"A: b\r\nC: d\r\n"
    assert head_of(b"\r\nbody\r\n\r\n") == b""
    assert head_of(b"A: b\r\n") == b"A: b\r\n"


@pytest.mark.parametrize(
    "encoding",
    ["base64 ", "base64\t", "\r\n base64", "(x) base64", "base64 (x)", "BASE64"],
    ids=["blank", "tab", "fold", "comment before", "comment behind", "capitals"],
)
def test_what_programs_decode_is_decoded(encoding: str) -> None:
    raw = f"Content-Transfer-Encoding: {encoding}\r\n\r\nSGFsbG8=\r\n".encode()
    assert Mail(raw).parts[0].content() == b"Hallo"


def test_a_blank_before_the_colon_hides_no_field() -> None:
    mail = Mail(b"Content-Transfer-Encoding : base64\r\nSubject\t: Hallo\r\n\r\nSGFsbG8=\r\n")
    assert (mail.header("Subject"), mail.parts[0].content()) == ("Hallo", b"Hallo")


def test_a_blank_before_a_colon_in_the_text_stays() -> None:
    assert Mail(b"Subject: x\r\n\r\nTreffpunkt : Bahnhof\r\n").text == "Treffpunkt : Bahnhof\r\n"
