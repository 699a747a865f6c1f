"""Mail as it comes: the samples, broken ones, and small ones with one attachment."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from filter.reading import summarize
from mailstore import clock, recording
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass, Summary
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox
from mailstore.mime import Mail, TooComplex
from mailstore.store import Store
from tests.factories import a_verdict, accepted_by, an_accepted, the_recipient

FOLDER = Path(__file__).parent.parent / "messages"
SAMPLES = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.eml"))}
START = b"From: Bob <bob@there.example>\r\nTo: anna@muster.example\r\nSubject: Plans\r\n"
TEXT = b"Content-Type: text/plain\r\n\r\nShall we meet?\r\n"


def mail(*lines: bytes, body: bytes = b"Shall we meet?\r\n") -> bytes:
    """Return a mail with more header fields, each a line."""
    return START + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def html_mail(html: str, *related: bytes) -> bytes:
    """Return a mail with HTML and parts that belong to it."""
    page = b"Content-Type: text/html; charset=utf-8\r\n\r\n" + html.encode() + b"\r\n"
    return of_parts(page, *related, kind=b"related")


def of_parts(*parts: bytes, kind: bytes = b"mixed") -> bytes:
    """Return a mail of several parts."""
    body = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"
    head = b"Content-Type: multipart/%s; boundary=x" % kind
    return mail(b"MIME-Version: 1.0", head, body=body)


def with_attachment(said: bytes, kind: bytes = b"application/pdf", body: bytes = b"x") -> bytes:
    """Return a mail whose attachment says this of its name and is of this kind."""
    head = b"Content-Type: %s\r\nContent-Disposition: attachment%s\r\n\r\n" % (kind, said)
    return of_parts(TEXT, head + body)


def summary_of(raw: bytes) -> Summary:
    """Return what lists show of a mail, read from it as the relay does."""
    try:
        said = summarize(Mail(raw), "mx.mailhafen.test")
    except (TooComplex, RecursionError):
        return Summary()
    author = Address.parse(said["author"]) if said["author"] else None
    return Summary(**said | {"author": author, "cuts": ()})


def stored(
    store: Store,
    mailbox: Mailbox,
    raw: bytes,
    *,
    held: bool = False,
    mail_class: MailClass | None = None,
    at: datetime | None = None,
) -> Delivery:
    """Return the delivery of a mail with what its own content says of it."""
    return an_accepted(store, mailbox, raw=raw, held=held, mail_class=mail_class, at=at,
                       summary=summary_of(raw))  # fmt: skip


def many(store: Store, mailbox: Mailbox, count: int, *, held: bool) -> list[int]:
    """Return the ids of so many mails, two of a minute each, oldest first."""
    with store.read() as db:
        verdict = a_verdict(the_recipient(db, mailbox.address), held=held)
    first = clock.now() - timedelta(days=1)
    accepted = [
        accepted_by(store, [verdict], at=first + timedelta(minutes=each // 2))
        for each in range(count)
    ]
    places = store.packs.append([each.sealed.slice for each in accepted])
    with store.write() as db:
        recording.record(db, list(zip(accepted, places, strict=True)))
        found = select(Delivery.id).where(Delivery.mailbox_id == mailbox.id)
        return list(db.scalars(found.order_by(Delivery.id)))


def become(store: Store, delivery: Delivery, state: State, **values: object) -> None:
    """Say what became of a delivery."""
    with store.write() as db:
        row = db.get_one(Delivery, delivery.id)
        row.state, row.done_at = state, clock.now()
        for name, value in values.items():
            setattr(row, name, value)


def go_down(store: Store, delivery: Delivery, *, since: datetime | None) -> None:
    """Let the next hop of a delivery be silent since then, or answer again."""
    with store.write() as db:
        db.get_one(Lane, delivery.lane_id).down_since = since


def _nested(depth: int) -> bytes:
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(depth)
    )
    return START + b"MIME-Version: 1.0\r\n" + head + TEXT


def _forwarded(depth: int) -> bytes:
    return START + b"Content-Type: message/rfc822\r\n\r\n" * depth + TEXT


def _parameters(count: int) -> bytes:
    return mail(b"Content-Type: text/plain" + b"".join(b"; p%d=x" % each for each in range(count)))


BROKEN = {
    "empty": b"",
    "one line end": b"\r\n",
    "only a body": b"\r\nShall we meet?\r\n",
    "no body": START,
    "no header at all": b"Shall we meet at noon, or rather later?\r\n",
    "From without an end": b"From: <\r\nSubject: x\r\n\r\nx\r\n",
    "From without a domain": b"From: a@\r\nSubject: x\r\n\r\nx\r\n",
    "From with a blank": b"From : bob@there.example\r\nSubject: x\r\n\r\nx\r\n",
    "two authors": mail(b"From: eve@elsewhere.example"),
    "group": b"From: all: a@there.example, b@there.example;\r\n\r\nx\r\n",
    "empty Message-ID": mail(b"Message-ID: <>"),
    "bracket in a Message-ID": mail(b"Message-ID: <a@[>"),
    "empty Sender": mail(b"Sender:"),
    "two senders": mail(b"Sender: a@there.example, b@there.example"),
    "line ends in a name": b"From: =?utf-8?q?a=0D=0AX-Evil:_1?= <a@there.example>\r\n\r\nx\r\n",
    "NUL in a subject": b"From: a@there.example\r\nSubject: a\0b\r\n\r\nx\r\n",
    "eight bits in a header": b"From: J\xfcrg <j@there.example>\r\nSubject: \xff\xfe\r\n\r\nx\r\n",
    "many comments": b"From: " + b"(" * 600 + b"a@there.example\r\n\r\nx\r\n",
    "unknown charset": mail(b"Content-Type: text/plain; charset=klingon"),
    "charset that is none": mail(b"Content-Type: text/plain; charset=undefined"),
    "charset of names": mail(b"Content-Type: text/plain; charset=idna"),
    "charset of bytes": mail(b"Content-Type: text/plain; charset=hex"),
    "NUL in a charset": mail(b'Content-Type: text/plain; charset="utf\0-8"'),
    "long charset": mail(b"Content-Type: text/plain; charset=" + b"x" * 5000),
    "UTF-7": mail(b"Content-Type: text/html; charset=utf-7", body=b"+ADw-script+AD4-x\r\n"),
    "UTF-16 without a mark": mail(b"Content-Type: text/plain; charset=utf-16", body=b"a\0b"),
    "name in an unknown charset": with_attachment(b"; filename*=klingon''x%FF.pdf"),
    "name in pieces": with_attachment(b"; filename*0=\"a\"; filename*1=\".exe\"; filename=b.pdf"),
    "no content type": mail(b"Content-Type:"),
    "odd content type": mail(b"Content-Type: ;;;=;"),
    "two content types": mail(b"Content-Type: text/html", b"Content-Type: text/plain"),
    "no boundary": mail(b"Content-Type: multipart/mixed"),
    "boundary that never comes": mail(b"Content-Type: multipart/mixed; boundary=y"),
    "two boundaries": mail(b"Content-Type: multipart/mixed; boundary=a; boundary=b"),
    "multipart in base64": mail(b"Content-Type: multipart/mixed; boundary=x",
                                b"Content-Transfer-Encoding: base64", body=b"LS14DQo="),
    "bad base64": mail(b"Content-Transfer-Encoding: base64", body=b"=A=B=!?\r\n"),
    "short base64": mail(b"Content-Transfer-Encoding: base64", body=b"A"),
    "bad quoted-printable": mail(b"Content-Transfer-Encoding: quoted-printable", body=b"=G=\r\n="),
    "bad uuencode": mail(b"Content-Transfer-Encoding: x-uuencode", body=b"begin\r\nx\r\n"),
    "unknown encoding": mail(b"Content-Transfer-Encoding: rot13"),
    "deep": _nested(45),
    "too deep": _nested(400),
    "forwarded often": _forwarded(40),
    "forwarded too often": _forwarded(800),
    "many parameters": _parameters(3000),
    "NUL in the body": mail(body=b"a\0b\r\n"),
    "half a character": mail(b"Content-Type: text/html; charset=utf-8", body=b"<b>\xc3</b>"),
    "surrogate": mail(b"Content-Type: text/html; charset=utf-16le", body=b"\x00\xd8x\0"),
    "partial": mail(b"Content-Type: message/partial; id=x; number=1"),
    "elsewhere": mail(b"Content-Type: message/external-body; access-type=ftp"),
    "report of nothing": mail(b"Content-Type: message/delivery-status", body=b""),
    "one long line": mail(body=b"x" * 300_000),
    "thousand fields": START + b"X-A: b\r\n" * 1000 + b"\r\nx\r\n",
}  # fmt: skip
