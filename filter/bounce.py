"""Delivery status notifications: mail failed, or still waits (RFC 3464, 6522).

They have no sender, so that nothing ever answers them; they hold the header of the mail and none
of its content; and they never go to whoever sent what we judged as spam or worse.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.header import Header
from email.message import Message as MimeMessage
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTPUTF8
from email.utils import format_datetime, formataddr, make_msgid
from itertools import takewhile

import structlog
from sqlalchemy.orm import Session

from filter import bounce_texts as texts
from mailstore import clock, domains, mailboxes, outbox, overdue
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, State
from mailstore.domains import Domain
from mailstore.envelopes import Recipient
from mailstore.errors import BadAddress, Corrupt, NotFound
from mailstore.jobs import job
from mailstore.lanes import Lane
from mailstore.mime import head_of, one_line
from mailstore.routes import Route
from mailstore.settings import Settings
from mailstore.store import Store
from mailstore.tenants import Tenant

log = structlog.get_logger()

ENGLISH = "en"
FORGED = "SPF_FAIL"
LONGEST_REPLY = 400
LONGEST_NAME = 100
LONGEST_LINE = 998
# What is folded is folded before: Python folds long words by making encoded words of them, in
# addresses and message ids too. Addresses beyond ASCII stay as they are (RFC 6532).
WRITTEN = SMTPUTF8.clone(max_line_length=LONGEST_LINE)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_FIELD = re.compile(r"\A(?:[!-9;-~]+[ \t]*:|[ \t])")
_UNSEEN = re.compile(r"[^\t -~]")
_STATUS = re.compile(r"^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b")
# RFC 3463 §3.5: delivery time expired.
EXPIRED = "4.4.7"


@dataclass(frozen=True, slots=True)
class Case:
    """All that a notification is written from."""

    delivery: Delivery
    domain: Domain
    tenant: Tenant
    lane: Lane
    head: bytes
    until: datetime

    @property
    def failed(self) -> bool:
        """Whether the mail failed; else it still waits."""
        return self.delivery.state is State.FAILED

    @property
    def status(self) -> str:
        """The status code: that of the other server, or that time is over (RFC 3463)."""
        said = _STATUS.match(self.delivery.reply)
        refused = self.delivery.reply.startswith("5")
        if self.failed and not refused:
            return EXPIRED
        return said[1] if said else ("5.0.0" if refused else "4.0.0")


@job
def write_bounce(store: Store, delivery_id: int) -> None:
    """Tell a sender what became of a mail; safe to run twice, and told once."""
    with store.read() as db:
        delivery = overdue.look(db, delivery_id)
        if delivery is None:
            return
        domain = db.get_one(Domain, delivery.domain_id)
        tenant, lane = db.get_one(Tenant, domain.tenant_id), db.get_one(Lane, delivery.lane_id)
    sender = _sender(delivery)
    if sender is None:
        with store.write() as db:
            overdue.leave_untold(db, delivery)
        return
    since = delivery.queued_at or delivery.accepted_at
    until = since + timedelta(days=store.settings.give_up_days)
    case = Case(delivery, domain, tenant, lane, _head(store, delivery), until)
    content = written(case, store.settings.hostname)
    with store.write() as db:
        recipient = _reader(db, store.settings, sender, domain)
    author = Address("postmaster", domain.name)
    summary = outbox.summary_of(author, tenant.name, _subject(case, tenant.language))
    stored = outbox.put_in_pack(store, recipient, content, summary)
    with store.write() as db:
        if overdue.tell(db, delivery):
            outbox.queue(db, stored)


def _reader(db: Session, settings: Settings, sender: Address, domain: Domain) -> Recipient:
    """Return how a sender is reached; one of ours without a mailbox by the domain's own server.

    That is a program, whose address we need not know; by DNS it would lead to us.
    """
    if domains.ours(db, sender.domain) and mailboxes.resolve(db, sender) is None:
        office = mailboxes.resolve(db, Address(mailboxes.POSTMASTER, sender.domain))
        if office is not None:
            return replace(office, address=sender)
    return outbox.towards(db, settings, sender, domain)


def written(case: Case, hostname: str) -> bytes:
    """Return a notification as it is sent."""
    mail = MIMEMultipart("report", report_type="delivery-status")
    mail["From"] = _named(case.tenant.name, f"postmaster@{case.domain.name}")
    mail["To"] = case.delivery.message.sender
    mail["Subject"] = Header(_subject(case, case.tenant.language), "utf-8").encode()
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = make_msgid("dsn", hostname)
    if _MESSAGE_ID.fullmatch(case.delivery.message.message_id):
        mail["References"] = case.delivery.message.message_id
    mail["Auto-Submitted"] = "auto-replied"
    mail.attach(MIMEText(_text(case), "plain", "utf-8"))
    mail.attach(_status(case, hostname))
    headers = MIMEText(_fields(case.head), "plain")
    headers.replace_header("Content-Type", "text/rfc822-headers")
    mail.attach(headers)
    return mail.as_bytes(policy=WRITTEN)


def _status(case: Case, hostname: str) -> MIMEBase:
    """Return the part that programs read (RFC 3464 §2)."""
    delivery, whole, each = case.delivery, MimeMessage(), MimeMessage()
    whole["Reporting-MTA"] = f"dns; {hostname}"
    whole["Arrival-Date"] = format_datetime(delivery.accepted_at)
    each["Final-Recipient"] = _typed(delivery.recipient)
    each["Action"] = "failed" if case.failed else "delayed"
    each["Status"] = case.status
    if delivery.attempts:
        each["Remote-MTA"] = f"dns; {Route.parse(case.lane.route).hops[0][0]}"
    if delivery.reply:
        each["Diagnostic-Code"] = f"smtp; {_reply(delivery)}"
    each["Last-Attempt-Date"] = format_datetime(delivery.done_at or clock.now())
    if not case.failed:
        each["Will-Retry-Until"] = format_datetime(case.until)
    part = MIMEBase("message", "delivery-status")
    part.set_payload([whole, each])
    return part


def _text(case: Case) -> str:
    languages = dict.fromkeys((case.tenant.language, ENGLISH))
    return "\n\n-- \n\n".join(_in_language(case, each) for each in languages) + "\n"


def _in_language(case: Case, language: str) -> str:
    text = texts.FAILED if case.failed else texts.DELAYED
    until = case.until.astimezone(case.tenant.zoneinfo)
    return text[language].format(
        recipient=case.delivery.recipient,
        subject=one_line(case.delivery.message.subject) or "-",
        reply=_reply(case.delivery) or texts.SILENT[language],
        until=f"{until:%d.%m.%Y %H:%M}",
    )


def _subject(case: Case, language: str) -> str:
    subject = one_line(case.delivery.message.subject) or case.delivery.recipient
    return texts.SUBJECTS[case.failed][language].format(subject=subject)


def _reply(delivery: Delivery) -> str:
    shown = "".join(char if char.isprintable() else " " for char in delivery.reply)
    return shown.encode("ascii", "replace").decode()[:LONGEST_REPLY].strip()


def _named(name: str, address: str) -> str:
    # formataddr takes no address beyond ASCII.
    return formataddr((one_line(name)[:LONGEST_NAME], "")).removesuffix("<>") + f"<{address}>"


def _typed(address: str) -> str:
    """Return an address with its type (RFC 6533 §3)."""
    if address.isascii():
        return f"rfc822; {address}"
    escaped = "".join(
        char if char.isascii() and char not in "\\+=" else f"\\x{{{ord(char):X}}}"
        for char in address
    )
    return f"utf-8; {escaped}"


def _fields(head: bytes) -> str:
    """Return the fields of a header as any server takes them, and nothing that follows them."""
    lines = head.decode("ascii", "replace").split("\r\n")
    fields = takewhile(_FIELD.match, lines)
    return "".join(f"{_UNSEEN.sub('?', line)[:LONGEST_LINE]}\n" for line in fields)


def _head(store: Store, delivery: Delivery) -> bytes:
    try:
        return head_of(next(iter(store.content(delivery.message)), b""))
    except (Corrupt, NotFound):
        return b""


def _sender(delivery: Delivery) -> Address | None:
    """Return whoever is told; None if it is no address, or SPF says that it was forged."""
    if any(name == FORGED for name, *_ in delivery.symbols):
        return None
    try:
        return Address.parse(delivery.message.sender)
    except BadAddress:
        return None
