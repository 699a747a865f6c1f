"""What happened to the mail of a tenant's domains within some days, in figures.

Everything but who wrote and who got most comes from hourly figures, in one query.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import Session

from mailstore import figures
from mailstore.deliveries import Delivery, Direction
from mailstore.domains import Domain
from mailstore.envelopes import MailClass
from mailstore.errors import NotFound
from mailstore.figures import Figure
from mailstore.incidents import Incident, IncidentKind
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.periods import DAY, LONGEST_MONTH, Period

# What people get, from harmless to worst; our own reports are none of it.
CLASSES = tuple(each for each in MailClass if each is not MailClass.REPORT)
RECEIVED = {figures.received(each): each for each in CLASSES}
BYTES_IN, BYTES_OUT = "bytes_in", "bytes_out"
_SIZES = dict.fromkeys(RECEIVED, BYTES_IN) | {figures.OUT: BYTES_OUT}
MOST_OUTAGES = 50
TOP = 10


@dataclass(frozen=True, slots=True)
class Choice:
    """Domains of one tenant, by name."""

    domains: Sequence[Domain]

    @property
    def ids(self) -> list[int]:
        """The ids of the domains."""
        return [each.id for each in self.domains]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures by name, each for the steps of a period; what did not happen is not there."""

    period: Period
    series: Mapping[str, Sequence[int]]

    def of(self, *names: str) -> Sequence[int]:
        """Return figures for each step; of several names, their sums."""
        nothing = [0] * len(self.period.steps)
        each = [self.series.get(name, nothing) for name in names]
        return [sum(step) for step in zip(*each, strict=True)]

    def total(self, *names: str) -> int:
        """Return figures for the whole period; of several names, their sum."""
        return sum(self.of(*names))

    @property
    def received(self) -> int:
        """How many mails came for people, counted once for each recipient."""
        return self.total(*RECEIVED)


class Counted(NamedTuple):
    """An address, and how many mails it wrote or got."""

    address: str
    mails: int


def choose(db: Session, tenant_id: int, wanted: Collection[int] = ()) -> Choice:
    """Return these domains of a tenant, or all for none; raises NotFound for one of others."""
    found = among(db, tenant_id, wanted)
    if len(found.domains) < len(set(wanted)):
        raise NotFound("One of these domains is not the tenant's.")
    return found


def among(db: Session, tenant_id: int, wanted: Collection[int]) -> Choice:
    """Return which of these domains a tenant has (still), or all for none."""
    every = db.scalars(select(Domain).filter_by(tenant_id=tenant_id).order_by(Domain.name)).all()
    return Choice([each for each in every if not wanted or each.id in wanted])


def of(db: Session, choice: Choice, period: Period) -> Statistics:
    """Return the figures of domains: one query that reads at most 24 rows a day and name."""
    rows = db.execute(
        select(Figure.hour, Figure.name, func.sum(Figure.count), func.sum(Figure.size))
        .where(Figure.domain_id.in_(choice.ids))
        .where(Figure.hour >= period.begin, Figure.hour < period.end)
        .group_by(Figure.hour, Figure.name)
    )
    series: dict[str, list[int]] = {}
    for hour, name, count, size in rows:
        for counted, more in ((name, count), (_SIZES.get(name), size)):
            if counted is not None:
                steps = series.setdefault(counted, [0] * len(period.steps))
                steps[period.step_of(hour)] += int(more)
    return Statistics(period, series)


def outages(db: Session, choice: Choice, period: Period) -> Sequence[Incident]:
    """Return when next hops of the domains were silent within a period, the newest first."""
    lanes = {each.lane_id for each in choice.domains}
    return db.scalars(
        select(Incident)
        .where(Incident.lane_id.in_(sorted(lanes)), Incident.kind == IncidentKind.OUTAGE)
        .where(Incident.began_at < period.end)
        .where(or_(Incident.ended_at.is_(None), Incident.ended_at > period.begin))
        .order_by(Incident.began_at.desc())
        .limit(MOST_OUTAGES)
    ).all()


def lasted(incident: Incident, now: datetime) -> int:
    """Return the whole minutes that an outage lasted, until now if it goes on."""
    return int(((incident.ended_at or now) - incident.began_at).total_seconds() // 60)


def senders(db: Session, choice: Choice, period: Period) -> Sequence[Counted]:
    """Return who wrote most to people of these domains, at most ten.

    It costs a look at each delivery of a month at most and at its message: two seconds for 300,000
    on SQLite. So it belongs to jobs, and to pages that are asked for it.
    """
    author = case((Message.author != "", Message.author), else_=Message.sender)
    found = _mails(choice, period, author).join(Message, Message.id == Delivery.message_id)
    return _most(db, found, author)


def recipients(db: Session, choice: Choice, period: Period) -> Sequence[Counted]:
    """Return who of these domains got most, at most ten; it costs half of what `senders` does."""
    return _most(db, _mails(choice, period, Mailbox.address), Mailbox.address)


def _mails(choice: Choice, period: Period, who: Any) -> Select[Any]:
    """Return mail to people within the last month of a period, by `ix_deliveries_list`."""
    begin = max(period.begin, period.end - (LONGEST_MONTH + 1) * DAY)
    return (
        select(who, func.count())
        .select_from(Mailbox)
        .join(Delivery, Delivery.mailbox_id == Mailbox.id)
        .where(Mailbox.domain_id.in_(choice.ids))
        .where(Delivery.accepted_at >= begin, Delivery.accepted_at < period.end)
        .where(Delivery.direction == Direction.IN, Delivery.resend_of == 0)
        .where(Delivery.mail_class != MailClass.REPORT)
    )


def _most(db: Session, found: Select[Any], who: Any) -> Sequence[Counted]:
    rows = db.execute(found.group_by(who).order_by(func.count().desc(), who).limit(TOP))
    return [Counted(*row) for row in rows]
