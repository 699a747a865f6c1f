"""Mails that crash parsers: those that tests of pages know already, and what else there is.

Each is a few lines that say what is wrong with it; nothing here is a file.
"""

import base64

from tests.portal.mails import BROKEN, START, TEXT, mail, of_parts, with_attachment

PLAIN = b"Content-Type: text/plain"
MIXED = b"Content-Type: multipart/mixed; boundary="
BASE64 = b"Content-Transfer-Encoding: base64"
ICS = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n%s\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def author(text: bytes) -> bytes:
    """Return a mail with this in From and nothing else."""
    return b"From: " + text + b"\r\nSubject: x\r\n\r\nx\r\n"


def subject(text: bytes) -> bytes:
    """Return a mail with this subject."""
    return b"From: bob@there.example\r\nSubject: " + text + b"\r\n\r\nx\r\n"


def attached(kind: bytes, body: bytes, encoding: bytes = b"") -> bytes:
    """Return a mail with text and one more part, in base64 or in the encoding named."""
    head = b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: "
    content = body if encoding else base64.encodebytes(body).replace(b"\n", b"\r\n")
    return of_parts(TEXT, head + (encoding or b"base64") + b"\r\n\r\n" + content)


def calendar(lines: bytes) -> bytes:
    """Return an invitation whose event says this."""
    return attached(b"text/calendar; method=REQUEST; charset=utf-8", ICS % lines, b"8bit")


AUTHORS = {
    "From empty": author(b""),
    "From of commas": author(b",,,,,"),
    "From of at signs": author(b"@@@@@@"),
    "From with open quote": author(b'"Bob <bob@there.example>'),
    "From with open comment": author(b"(Bob <bob@there.example>"),
    "From with open literal": author(b"bob@[192.0.2.7"),
    "From with a route": author(b"<@a.example,@b.example:bob@there.example>"),
    "From is two hundred people": author(b", ".join(b"p%d@there.example" % n for n in range(200))),
    "From is a list of groups": author(b"a:; b:; c: <x@there.example>;"),
    "From in an encoded word": author(b"=?utf-8?q?bob=40there.example?="),
    "encoded word within quotes": author(b'"=?utf-8?q?a=22=0D=0ABcc:x?=" <bob@there.example>'),
    "encoded word that never ends": author(b"=?utf-8?q?Bob <bob@there.example>"),
    "encoded word of no charset": author(b"=??q?Bob?= <bob@there.example>"),
    "encoded word of no encoding": author(b"=?utf-8?z?Bob?= <bob@there.example>"),
    "encoded word in bad base64": author(b"=?utf-8?b?=A=B=!?= <bob@there.example>"),
    "encoded word in an odd charset": author(b"=?undefined?q?Bob?= <bob@there.example>"),
    "encoded word in idna": author(b"=?idna?q?xn--=FF?= <bob@there.example>"),
    "encoded word in UTF-7": author(b"=?utf-7?q?+ADw-b+AD4-?= <bob@there.example>"),
    "encoded word with a language": author(b"=?utf-8*de?q?B=C3=B6b?= <bob@there.example>"),
    "domain of dots": author(b"bob@....."),
    "domain in eight bits": author(b"bob@\xe4\xf6\xfc.example"),
    "domain that IDNA refuses": author(b"bob@" + b"\xc3\xa4" * 70 + b".example"),
}
SUBJECTS = {
    "half characters in UTF-16": subject(b"=?utf-16?b?2ADYAA==?="),
    "half characters in UTF-8": subject(b"=?utf-8?q?=ED=A0=80=ED=B0=80?="),
    "eight thousand encoded words": subject(b" ".join([b"=?utf-8?q?a?="] * 8000)),
    "only folds": subject(b"\r\n \r\n\t\r\n x"),
    "a hundred kilobytes": subject(b"x" * 100_000),
    "escapes for terminals": subject(b"\x1b[2J\x1b]0;x\x07\x08\x08"),
    "shift characters": subject(b"=?iso-2022-jp?q?=1B$B=1B=1B(J?="),
}
HEADS = {
    "mbox line first": b"From bob@there.example Tue Nov 24 12:00:00 2026\r\n" + mail(),
    "mbox line between": START + b"From here on\r\nX-After: 1\r\n\r\nx\r\n",
    "mbox lines in the body": mail(body=b"From me\r\n>From you\r\n\r\nFrom us\r\n"),
    "line without a colon": START + b"no colon here\r\nX-After: 1\r\n\r\nx\r\n",
    "field without a name": START + b": nothing\r\n\r\nx\r\n",
    "fold before any field": b" folded\r\n" + mail(),
    "only folds and colons": b" \r\n:\r\n\t:\r\n \r\n\r\nx\r\n",
    "name of eight bits": START + b"X-\xff\xfe: 1\r\n\r\nx\r\n",
    "every byte in a field": START + b"X-All: " + bytes(range(256)) + b"\r\n\r\nx\r\n",
    "every byte in the body": mail(body=bytes(range(256))),
    "one field of a megabyte": START + b"X-Long: " + b"x" * 2**20 + b"\r\n\r\nx\r\n",
    "date of another calendar": mail(b"Date: Foo, 99 Bar 99999 99:99:99 +9999"),
    "date beyond all zones": mail(b"Date: Tue, 24 Nov 2026 10:00:00 +99999999999999"),
    "MIME version of ours": mail(b"MIME-Version: 99.99 (x"),
    "received by nobody": b"Received: ;;;;\r\nReceived:\r\n" + mail(),
    "results of an odd server": mail(b'Authentication-Results: "("; (((; spf="\\'),
    "signatures of nothing": mail(
        b"DKIM-Signature:", b"DKIM-Signature: v=1; a=;;=;b", b"ARC-Seal: i=0"
    ),
}
PARTS = {
    "alternative of nothing": mail(
        b"Content-Type: multipart/alternative; boundary=x", body=b"--x--\r\n"
    ),
    "boundary of nothing": mail(MIXED + b'""', body=b"--\r\n\r\nx\r\n----\r\n"),
    "boundary of three thousand": mail(MIXED + b'"' + b"b" * 3000 + b'"', body=b"--" + b"b" * 3000),
    "boundary with folds": mail(MIXED + b'"a\r\n b"', body=b"--a b\r\n\r\nx\r\n--a b--\r\n"),
    "boundary of eight bits": mail(MIXED + b'"\xff"', body=b"--\xff\r\n\r\nx\r\n--\xff--\r\n"),
    "boundary that is a pattern": mail(MIXED + b'"(.*)+$"', body=b"--(.*)+$\r\n\r\nx\r\n"),
    "part that never ends": mail(MIXED + b"x", body=b"--x\r\n" + TEXT),
    "two thousand ends": mail(MIXED + b"x", body=b"--x--\r\n" * 2000),
    "same boundary inside": of_parts(MIXED + b"x\r\n\r\n--x\r\n" + TEXT),
    "part without a head": of_parts(b"\r\nx", b"x"),
    "multipart that is text": mail(b"Content-Type: text/multipart; boundary=x", body=b"--x\r\n"),
    "digest": mail(b"Content-Type: multipart/digest; boundary=x", body=b"--x\r\n\r\n" + mail()),
    "report of an odd kind": mail(
        b"Content-Type: multipart/report; boundary=x; report-type=\xff",
        body=b"--x\r\nContent-Type: message/delivery-status\r\n\r\n:::\r\n",
    ),
    "forwarded in base64": attached(b"message/rfc822", mail()),
    "forwarded nothing": of_parts(b"Content-Type: message/rfc822\r\n\r\n"),
    "message of an odd kind": mail(b"Content-Type: message/x-y; boundary=x"),
    "type of slashes": mail(b"Content-Type: a/b/c/d; charset"),
    "type of eight bits": mail(b"Content-Type: t\xe4xt/pl\xe4in; ch\xe4rset=\xff"),
    "parameters numbered oddly": mail(
        PLAIN + b"; name*-1=a; name*99999999999999999999*=b; name*x=c"
    ),
    "parameter in a broken charset": mail(PLAIN + b"; charset*=undefined'en'%FF%ZZ"),
    "parameter of a lone quote": mail(PLAIN + b"; charset='"),
    "parameters in pieces": mail(PLAIN + b"".join(b"; charset*%d=u" % n for n in range(500))),
    "name with NUL": with_attachment(b'; filename="a\0.exe"'),
    "name that leads away": with_attachment(b'; filename="../../../../etc/passwd"'),
    "name of two kilobytes": with_attachment(b'; filename="' + b"x" * 2000 + b'.pdf"'),
    "name of dots": with_attachment(b"; filename=...."),
    "name of a device": with_attachment(b"; filename=CON"),
    "name for a header": with_attachment(b'; filename="=?utf-8?q?a=0D=0ASet-Cookie:_x=1?="'),
    "disposition of nothing": with_attachment(b";;;;=;*=*'"),
}
CONTENTS = {
    "quoted-printable of equal signs": mail(
        b"Content-Transfer-Encoding: quoted-printable", body=b"=" * 5000
    ),
    "base64 of another alphabet": mail(BASE64, body=b"\xff\xfe-_-_===\r\n"),
    "base64 cut in the middle": attached(b"application/pdf", b"VGhp", b"base64"),
    "two encodings": mail(BASE64, b"Content-Transfer-Encoding: 7bit", body=b"eA==\r\n"),
    "encoding of eight bits": mail(b"Content-Transfer-Encoding: b\xe4se64"),
    "uuencode in text": mail(body=b"begin 644 ../x.exe\r\n#0V%T\r\n`\r\nend\r\n"),
    "uuencode of lies": mail(
        b"Content-Transfer-Encoding: uuencode", body=b"begin 999 \xff\r\nM\r\nzzz\r\n"
    ),
    "yenc": mail(
        b"Content-Transfer-Encoding: x-yenc", body=b"=ybegin line=128 size=99999999999\r\n"
    ),
    "TNEF cut off": attached(b"application/ms-tnef; name=winmail.dat", b"\x78\x9f\x3e\x22\x01\0"),
    "TNEF that lies": attached(
        b"application/ms-tnef", b"\x78\x9f\x3e\x22\0\0\1\x05\x90\x06\0\xff\xff\xff\x7f"
    ),
    "calendar that is cut off": attached(
        b"text/calendar", b"BEGIN:VCALENDAR\r\nBEGIN:VEV", b"8bit"
    ),
    "calendar without end": calendar(
        b"DTSTART:19700101T000000Z\r\nRRULE:FREQ=SECONDLY;UNTIL=99991231T235959Z"
    ),
    "calendar of a script": calendar(
        b"SUMMARY:<script>alert(1)</script>\r\nURL:javascript:alert(1)"
    ),
    "calendar of everybody": calendar(b"\r\n".join([b"ATTENDEE:mailto:a@there.example"] * 20_000)),
    "calendar of calendars": calendar(b"BEGIN:VALARM\r\n" * 5000),
    "card of a script": attached(
        b"text/vcard", b"BEGIN:VCARD\r\nFN:<script>\r\nEND:VCARD\r\n", b"8bit"
    ),
    "S/MIME cut off": attached(
        b"application/pkcs7-mime; smime-type=enveloped-data", b"\x30\x82\xff\xff\x06\x09"
    ),
    "S/MIME signed by nothing": of_parts(
        TEXT, b"Content-Type: application/pkcs7-signature\r\n\r\n", kind=b"signed"
    ),
    "OpenPGP of nothing": of_parts(
        b"Content-Type: application/pgp-encrypted\r\n\r\n", kind=b"encrypted"
    ),
    "archive cut off": attached(b"application/zip; name=a.zip", b"PK\x03\x04" + b"\xff" * 40),
    "picture that is none": attached(b"image/png", b"\x89PNG\r\n\x1a\n" + b"\xff" * 64),
    "document that is none": attached(
        b"application/msword; name=a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 600
    ),
    "HTML of open tags": mail(b"Content-Type: text/html", body=b"<" * 20_000),
    "HTML of entities": mail(b"Content-Type: text/html", body=b"&#xD800;&#0;&#x110000;&" * 500),
    "HTML in UTF-16": mail(
        b"Content-Type: text/html; charset=utf-16", body=b"\xff\xfe<\0b\0>\0\x00\xd8"
    ),
    "text in HZ": mail(PLAIN + b"; charset=hz", body=b"~{~{~{\xff~}\r\n"),
    "text in ISO-2022": mail(PLAIN + b"; charset=iso-2022-kr", body=b"\x0e\x0f\x1b$)C\x0e\xff\r\n"),
    "text of zero bytes": mail(PLAIN + b"; charset=utf-32", body=b"\0" * 999),
    "text of turns": mail(body="\u202e\u2066".encode() * 2000),
    "dots": mail(body=b".\r\n..\r\n...\r\n.x\r\n"),
    "no end of the last line": mail(body=b"x")[:-1],
    "bare line ends": mail(body=b"a\nb\rc\r\r\n\n\r"),
}
CRASHING = BROKEN | AUTHORS | SUBJECTS | HEADS | PARTS | CONTENTS
