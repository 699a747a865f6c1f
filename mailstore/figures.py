"""Hourly figures: what dashboards and reports count, so that nobody scans mail rows.

`in_<class>` and `held` are mail for our people, once for each recipient; `out` what they wrote;
`own` what we wrote ourselves; `within_…` how long mail took from when it was queued to when its
server had it. Bytes stand in the same row: another one would cost the relay as much as the first.
"""

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
# What a delivery took at most; whatever took longer is the last.
WITHIN = {
    timedelta(seconds=5): "within_5",
    timedelta(seconds=30): "within_30",
    timedelta(minutes=5): "within_300",
    timedelta(hours=1): "within_3600",
    timedelta.max: "within_more",
}


class Figure(Base):
    """How often something happened to a domain within an hour, and of how many bytes it was.

    Domain 0 is nobody's.
    """

    __tablename__ = "figures"
    # Whoever asks wants a few domains, for as many hours as a month has.
    __table_args__ = (Index("ix_figures_domain", "domain_id", "hour"),)

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    domain_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    size: Mapped[int] = mapped_column(default=0)


class Tally:
    """What one transaction counts, by domain and name; written at its end, in one statement."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, str], list[int]] = {}

    def add(self, domain_id: int, name: str, size: int = 0) -> None:
        """Count something that happened to a domain once, of so many bytes."""
        row = self._rows.setdefault((domain_id, name), [0, 0])
        row[0] += 1
        row[1] += size

    def accepted(
        self, domain_id: int, mail_class: MailClass, size: int, *, coming: bool, held: bool
    ) -> None:
        """Count a mail for one recipient; `coming` is whether our people get it."""
        ours = mail_class is MailClass.REPORT
        self.add(domain_id, OWN if ours else received(mail_class) if coming else OUT, size)
        if held:
            self.add(domain_id, HELD)

    def arrived(
        self, domain_id: int, mail_class: MailClass, took: timedelta, *, coming: bool
    ) -> None:
        """Count how long mail took until our people's server had it; what we wrote is none."""
        if coming and mail_class is not MailClass.REPORT:
            self.add(domain_id, next(name for most, name in WITHIN.items() if took <= most))

    def write(self, db: Session) -> None:
        """Add it to the current hour."""
        hour = clock.now().replace(minute=0, second=0, microsecond=0)
        # In one order, so that two transactions never wait for each other.
        rows = [
            {"hour": hour, "domain_id": domain_id, "name": name, "count": count, "size": size}
            for (domain_id, name), (count, size) in sorted(self._rows.items())
        ]
        if rows:
            db.connection().execute(_add(dialect_of(db)), rows)


def received(mail_class: MailClass) -> str:
    """Return what mail of a class is counted as."""
    return f"in_{mail_class}"


@cache
def _add(dialect: str) -> Any:
    statement = insert_into(Figure, dialect)
    return statement.on_conflict_do_update(
        index_elements=["hour", "domain_id", "name"],
        set_={
            "count": Figure.count + statement.excluded.count,
            "size": Figure.size + statement.excluded.size,
        },
    )
