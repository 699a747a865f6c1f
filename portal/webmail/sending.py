"""From a draft to a mail that is about to be sent: what is wrong with it, and what it becomes."""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import callouts, copies, domains, mailboxes, texts
from mailstore.deliveries import Delivery
from mailstore.errors import BadName
from mailstore.messages import Message, new_public_id
from mailstore.retention import expiry_day
from mailstore.scope import Scope
from mailstore.store import Store
from mailstore.tenants import Tenant
from mailstore.writing import addressing
from mailstore.writing.addressing import Named, Typed
from mailstore.writing.composing import (
    LONGEST_SUBJECT,
    LONGEST_TEXT,
    Enclosure,
    Letter,
    compose,
    on_wire,
)
from mailstore.writing.departures import Departure, Why
from mailstore.writing.drafts import Fields
from mailstore.writing.identities import Identity
from mailstore.writing.rows import DraftFile

MOST_RECIPIENTS = 100
ADDRESSED = ("to", "cc", "bcc")
WHY = {
    Why.NOT_YOURS: _l("The message was not sent: you may not write with this address any more."),
    Why.NOBODY: _l("The message was not sent: it names nobody who can get it."),
    Why.BLOCKED: _l(
        "The message was not sent, because too much was sent with this address before. Your "
        "administrator can lift that."
    ),
    Why.REFUSED: _l("The message was not sent: %(said)s"),
    Why.NOT_SCANNED: _l(
        "The message was not sent, because no virus scanner answers. Please send it later."
    ),
    Why.LOST: _l("The message was not sent, because it could not be read. Please send it again."),
}
LONGEST = {
    **dict.fromkeys((*ADDRESSED, "outside"), 20_000),
    "subject": 2 * LONGEST_SUBJECT,
    "text": LONGEST_TEXT,
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What somebody wrote, looked at: its people, and by field what keeps it from being sent."""

    people: dict[str, Typed]
    wrong: dict[str, str] = field(default_factory=dict)
    outside: tuple[str, ...] = ()

    @property
    def recipients(self) -> list[Named]:
        """All who get it, each once."""
        found = {each.address.key: each for name in ADDRESSED for each in self.people[name].found}
        return list(found.values())


def check(db: Session, tenant_id: int, fields: Fields) -> Checked:
    """Look at what somebody wrote before it is sent."""
    people = {name: addressing.read(getattr(fields, name)) for name in ADDRESSED}
    checked = Checked(people)
    own = domains.names_of(db, tenant_id)
    outside = (each for each in checked.recipients if each.address.domain not in own)
    wrong = dict(_wrong(db, fields, checked, own))
    return Checked(people, wrong, tuple(sorted(str(each.address) for each in outside)))


def _wrong(
    db: Session, fields: Fields, checked: Checked, own: Set[str]
) -> Iterator[tuple[str, str]]:
    for name, typed in checked.people.items():
        if typed.wrong:
            pieces = ", ".join(typed.wrong)[:200]
            yield name, _("This is not a mail address: %(pieces)s", pieces=pieces)
        elif unknown := list(_unknown(db, typed.found, own)):
            who = ", ".join(unknown)
            yield name, _("Nobody here has this address: %(who)s", who=who)
    if not checked.recipients and not any(typed.wrong for typed in checked.people.values()):
        yield "to", _("Name somebody who is to get it.")
    if len(checked.recipients) > MOST_RECIPIENTS:
        yield (
            "to",
            ngettext(
                "At most %(num)d person can get a message.",
                "At most %(num)d people can get a message.",
                MOST_RECIPIENTS,
            ),
        )
    try:
        texts.single(fields.subject, LONGEST_SUBJECT)
    except BadName:
        yield "subject", _("Write at most %(num)d characters, and no control characters.",
                           num=LONGEST_SUBJECT)  # fmt: skip


def _unknown(db: Session, people: Iterable[Named], own: Set[str]) -> Iterator[str]:
    """Yield who would be a colleague and is not, unless only the next hop can say that."""
    for each in people:
        if each.address.domain not in own or mailboxes.resolve(db, each.address):
            continue
        if callouts.question(db, each.address) is None:
            yield str(each.address)


def is_inside(db: Session, tenant_id: int, named: Set[str]) -> bool:
    """Whether all domains that a mail names are a customer's own."""
    return bool(named) and named <= domains.names_of(db, tenant_id)


def goes_outside(outside: Sequence[str]) -> str:
    """Return what there is to say of recipients outside; nothing without any."""
    who = ", ".join(outside)
    return _("Leaves your organisation: %(who)s", who=who) if outside else ""


def refused(error: str) -> str:
    """Return why a mail came back as a draft, in words."""
    why, _colon, said = error.partition(":")
    known = Why(why) if why in {*Why} else Why.REFUSED
    return str(WHY[known]) % {"said": said}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: as whom, of which customer, and when."""

    me: Identity
    tenant: Tenant
    keep_days: int
    at: datetime


def departure(
    store: Store, sender: Sender, fields: Fields, checked: Checked, files: Sequence[DraftFile]
) -> Departure:
    """Return a draft as a whole mail, stored durably; it is sent once that is committed."""
    public_id, me = new_public_id(), sender.me
    letter = Letter(
        message_id=f"<{public_id}@{on_wire(me.address).domain}>",
        at=sender.at.astimezone(ZoneInfo(sender.tenant.zone)),
        author=Named(me.name, me.address),
        to=checked.people["to"].found,
        cc=checked.people["cc"].found,
        subject=fields.subject,
        text=fields.text,
        in_reply_to=fields.in_reply_to,
        references=fields.references,
    )
    raw = compose(letter, (_enclosed(store, each) for each in files))
    day = expiry_day(sender.at, sender.keep_days)
    sealed = store.seal(sender.tenant.id, day, [raw])
    (place,) = store.packs.append([sealed.slice])
    recipients = [str(each.address) for each in checked.recipients]
    return Departure(public_id, str(me.address), recipients, sealed, place)


def _enclosed(store: Store, file: DraftFile) -> Enclosure:
    return Enclosure(file.name, file.media_type, b"".join(store.content(file)))


def sent(db: Session, scope: Scope, public_id: str) -> int | None:
    """Return the delivery that a mail somebody of a scope wrote is shown by; or None."""
    wrote = select(Delivery.id).join(Delivery.message).where(Message.public_id == public_id)
    return db.scalar(wrote.where(copies.sent(scope)))
