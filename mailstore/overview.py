"""An overview of the quarantine of domains: for each person how much is held, and how urgently."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from mailstore import clock
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.stats import CLASSES, Choice

MOST_PEOPLE = 500
SOON = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Held:
    """What is held: how many of each class, since when the oldest, how many are deleted soon."""

    classes: Mapping[MailClass, int]
    oldest: datetime | None
    ending: int

    @property
    def count(self) -> int:
        """How many mails are held."""
        return sum(self.classes.values())


@dataclass(frozen=True, slots=True)
class OfPerson:
    """What is held for one mailbox."""

    address: str
    name: str
    held: Held


@dataclass(frozen=True, slots=True)
class Overview:
    """What is held for all together, how many people that are, and for whom most is."""

    total: Held
    people: int
    persons: Sequence[OfPerson]


def of(db: Session, choice: Choice) -> Overview:
    """Return what is held for people of these domains now.

    One query looks at everything that is held for them, by its index, and at each row for when it
    is deleted: a row for each person comes back.
    """
    soon = clock.now() + SOON
    rows = db.execute(
        select(
            Mailbox.address,
            Mailbox.name,
            func.min(Delivery.accepted_at),
            func.sum(case((Delivery.held_until < soon, 1), else_=0)),
            *(func.sum(case((Delivery.mail_class == each, 1), else_=0)) for each in CLASSES),
        )
        .select_from(Mailbox)
        .join(Delivery, Delivery.mailbox_id == Mailbox.id)
        .where(Mailbox.domain_id.in_(choice.ids), Delivery.state == State.QUARANTINED)
        .where(Delivery.mail_class != MailClass.REPORT)
        .group_by(Mailbox.id, Mailbox.address, Mailbox.name)
        .order_by(func.count().desc(), Mailbox.address)
    )
    persons = [
        OfPerson(
            address,
            name,
            Held(dict(zip(CLASSES, map(int, counts), strict=True)), oldest, int(soon)),
        )
        for address, name, oldest, soon, *counts in rows
    ]
    return Overview(_together(persons), len(persons), persons[:MOST_PEOPLE])


def _together(persons: Sequence[OfPerson]) -> Held:
    held = [each.held for each in persons]
    return Held(
        {each: sum(one.classes[each] for one in held) for each in CLASSES},
        min((one.oldest for one in held if one.oldest), default=None),
        sum(one.ending for one in held),
    )
