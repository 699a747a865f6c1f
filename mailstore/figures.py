"""Hourly figures: what dashboards and reports count, so that nobody scans mail rows.

`in_<class>`, `held` and `bytes_in` are mail for our people, once for each recipient; `out` and
`bytes_out` what they wrote; `own` what we wrote ourselves; `within_…` how long mail took from when
it was queued to when its server had it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock
from mailstore.db import Base, dialect_of, insert_into
from mailstore.envelopes import MailClass

NOBODY = 0
HELD, REFUSED, OUT, OWN = "held", "refused", "out", "own"
BYTES_IN, BYTES_OUT = "bytes_in", "bytes_out"
# What a delivery took at most; whatever took longer is the last.
WITHIN = {
    timedelta(seconds=5): "within_5",
    timedelta(seconds=30): "within_30",
    timedelta(minutes=5): "within_300",
    timedelta(hours=1): "within_3600",
    timedelta.max: "within_more",
}


class Figure(Base):
    """How often something happened to a domain within an hour; domain 0 is nobody's."""

    __tablename__ = "figures"
    # Whoever asks wants a few domains, for as many hours as a month has.
    __table_args__ = (Index("ix_figures_domain", "domain_id", "hour"),)

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    domain_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


def received(mail_class: MailClass) -> str:
    """Return what mail of a class is counted as."""
    return f"in_{mail_class}"


def of_accepted(
    mail_class: MailClass, size: int, *, coming: bool, held: bool
) -> Iterator[tuple[str, int]]:
    """Yield what a mail for one recipient counts as; `coming` is whether our people get it."""
    if mail_class is MailClass.REPORT:
        yield OWN, 1
        return
    yield (received(mail_class) if coming else OUT), 1
    yield (BYTES_IN if coming else BYTES_OUT), size
    if held:
        yield HELD, 1


def count_arrivals(db: Session, took: Iterable[tuple[int, timedelta]]) -> None:
    """Count deliveries, each by its domain, and how long it took."""
    add(db, Counter((domain_id, _within(each)) for domain_id, each in took))


def _within(took: timedelta) -> str:
    return next(name for most, name in WITHIN.items() if took <= most)


def add(db: Session, counts: Mapping[tuple[int, str], int]) -> None:
    """Add counts by (domain, name) to the current hour."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    rows = [
        {"hour": hour, "domain_id": domain_id, "name": name, "count": count}
        for (domain_id, name), count in sorted(counts.items())
    ]
    if not rows:
        return
    db.connection().execute(_add(dialect_of(db)), rows)


@cache
def _add(dialect: str) -> Any:
    statement = insert_into(Figure, dialect)
    return statement.on_conflict_do_update(
        index_elements=["hour", "domain_id", "name"],
        set_={"count": Figure.count + statement.excluded.count},
    )
