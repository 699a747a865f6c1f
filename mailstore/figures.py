"""Hourly figures: what dashboards and reports count, so that nobody scans mail rows."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock
from mailstore.db import Base, dialect_of, insert_into

NOBODY = 0


class Figure(Base):
    """How often something happened to a domain within an hour; domain 0 is nobody's."""

    __tablename__ = "figures"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    domain_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


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
