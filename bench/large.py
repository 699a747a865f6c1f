"""Mails that are slow to open, put where their reader finds them."""

import random
from email.message import EmailMessage
from email.policy import SMTP

from bench.filling import CLIENT, SNIPPET, add
from bench.load import WORDS
from mailstore import clock, mailboxes
from mailstore.addresses import Address
from mailstore.envelopes import Action, MailClass, Summary, Verdict
from mailstore.messages import new_public_id
from mailstore.recording import Accepted
from mailstore.retention import expiry_day
from mailstore.store import Store

LARGE, ATTACHED = 5 * 2**20, 4 * 2**20
SAID = "Freundliche Gruesse aus dem Hafen"
# Styles are read in Python, declaration by declaration; each is another one, so none is known.
_STYLED = (
    "<p style='color:#{n:06x};margin:{n}px 2px 3px 4px;font:bold 12px/1 a{n};background:url({n})'>"
    "<a href='https://x{n}.example/?{n}'>{n}</a><img src='cid:{n}'>"
)


def plain() -> bytes:
    """Return a mail of 5 MB of text."""
    mail = _begun()
    line = WORDS.decode()
    mail.set_content(f"{SAID}\n" + f"{line[:76]}\n" * (LARGE // 77), cte="7bit")
    return mail.as_bytes()


def attached() -> bytes:
    """Return a mail of a page of HTML with 4 MB attached, which makes it larger than 5 MB."""
    mail = _begun()
    mail.set_content(f"{SAID}\n")
    row = f"<tr><td style='padding:4px;color:#333'>{WORDS.decode()}</td><td>12.50</td></tr>"
    mail.add_alternative(f"<h1>{SAID}</h1><table>{row * 300}</table>", subtype="html")
    content = random.Random(9).randbytes(ATTACHED)  # noqa: S311 (the same bytes every time)
    mail.add_attachment(content, maintype="application", subtype="pdf", filename="Offerte.pdf")
    return mail.as_bytes()


def small() -> bytes:
    """Return a mail as most are."""
    mail = _begun()
    mail.set_content(f"{SAID}\n")
    mail.add_alternative(f"<p>{SAID}</p>", subtype="html")
    return mail.as_bytes()


def hostile() -> bytes:
    """Return a mail of 5 MB of HTML that takes long to make harmless."""
    mail = _begun()
    mail.set_content(f"{SAID}\n")
    # Just what is not too large to be looked at.
    pieces, left, number = [f"<p>{SAID}</p>"], LARGE * 9 // 10, 0
    while left > 0:
        pieces.append(_STYLED.format(n=number))
        left, number = left - len(pieces[-1]), number + 1
    mail.add_alternative("\n".join(pieces), subtype="html", cte="8bit")
    return mail.as_bytes()


def put(store: Store, address: str, raw: bytes) -> int:
    """Store a mail for a mailbox and return the id of its delivery, which waits for nothing."""
    with store.read() as db:
        person = mailboxes.resolve(db, Address.parse(address))
    if person is None:
        raise LookupError(address)
    now = clock.now()
    sealed = store.seal(person.tenant_id, expiry_day(now, person.keep_days), [raw])
    (place,) = store.packs.append([sealed.slice])
    verdict = Verdict(person, Action.DELIVER, MailClass.CLEAN, 0.0, "score", ())
    accepted = Accepted(
        public_id=new_public_id(), tenant_id=person.tenant_id, received_at=now, client=CLIENT,
        sender="bench@sender.example", summary=Summary(subject="Offerte", snippet=SNIPPET),
        sealed=sealed, headers="", verdicts=(verdict,),
    )  # fmt: skip
    first, _ = add(store, [(accepted, place)])
    return first


def _begun() -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = "Bench <bench@sender.example>", "user@rcpt.example"
    mail["Subject"], mail["Message-ID"] = "Offerte", "<large@bench.example>"
    return mail
