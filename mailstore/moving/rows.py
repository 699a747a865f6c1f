"""Files of people that somebody moves in with: looked at first, then carried out by the worker.

The lines lie in the row, sealed like stored mail. They go as soon as all is done, and the row goes
a day after it was made.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, astuple
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events, jobs
from mailstore.accounts import Account
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.moving.planning import Options
from mailstore.moving.values import Form, Person, Table
from mailstore.moving.wishes import Trouble
from mailstore.slices import Sealed, unseal
from mailstore.store import Store
from mailstore.texts import harmless

JOB = "move_in"
STALE = timedelta(seconds=30)
KEPT = timedelta(days=1)
MOST_TROUBLES = 1000
LONGEST_FILE_NAME = 100


class MovingState(StrEnum):
    """How far a file is: it can be looked at, it is carried out, it is over, somebody ended it."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class Moving(Base):
    """A file of people, what was chosen for it, and what came of it so far.

    `leaving` are the mailboxes to be switched off because the file does not name them. Of `total`
    lines and mailboxes, `seen` were looked at.
    """

    __tablename__ = "movings"

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    by: Mapped[str]
    state: Mapped[MovingState] = mapped_column(default=MovingState.PLANNED)
    form: Mapped[Form]
    file_name: Mapped[str]
    ignored: Mapped[list[Any]]
    lines: Mapped[int]
    content: Mapped[bytes]
    content_sha256: Mapped[str]
    day: Mapped[date]
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    leaving: Mapped[list[Any]] = mapped_column(default=list)
    total: Mapped[int] = mapped_column(default=0)
    seen: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    aliases: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    switched_off: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    troubles: Mapped[list[Any]] = mapped_column(default=list)
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)

    @property
    def chosen(self) -> Options:
        """What was chosen when it was confirmed."""
        return Options(**self.options)

    @property
    def left_out(self) -> list[Trouble]:
        """The first of the lines that were left out."""
        return [Trouble(*each) for each in self.troubles]


def sealed(store: Store, tenant_id: int, table: Table) -> Sealed:
    """Return the people of a file encrypted for their row; before a transaction begins."""
    lines = json.dumps([each.as_row() for each in table.people]).encode()
    return store.seal(tenant_id, clock.today() + KEPT, [lines])


def begin(  # noqa: PLR0913 (what a row says is its arguments)
    db: Session, tenant_id: int, table: Table, kept: Sealed, name: str, *, by: str,
    account: Account | None = None,
) -> Moving:  # fmt: skip
    """Keep a file for its preview; nothing is changed yet."""
    now = clock.now()
    row = Moving(
        tenant_id=tenant_id, account_id=account and account.id, by=by, form=table.form,
        file_name=harmless(name, LONGEST_FILE_NAME), ignored=list(table.ignored),
        lines=len(table.people), content=kept.slice.data, content_sha256=kept.sha256,
        day=kept.slice.day, made_at=now, seen_at=now,
    )  # fmt: skip
    db.add(row)
    db.flush()
    events.record(db, "people_read", by=by, tenant_id=tenant_id, detail=_detail(row))
    return row


def people_of(store: Store, row: Moving) -> list[Person]:
    """Return the lines of a file; raises NotFound once they are gone, Corrupt if damaged."""
    key = store.key_of(row.tenant_id, row.day)
    lines = json.loads(b"".join(unseal(key, [row.content], row.content_sha256)))
    return [Person.of_row(each) for each in lines]


def one(db: Session, account: Account, moving_id: int) -> Moving | None:
    """Return a file that somebody reads in; None if it is none of theirs, or gone."""
    mine = Moving.tenant_id == account.tenant_id, Moving.account_id == account.id
    return db.scalar(select(Moving).where(Moving.id == moving_id, *mine))


def latest(db: Session, account: Account, limit: int) -> Sequence[Moving]:
    """Return the files that somebody read in lately, the newest first."""
    mine = select(Moving).where(Moving.account_id == account.id)
    return db.scalars(mine.order_by(Moving.id.desc()).limit(limit)).all()


def confirm(
    db: Session, row: Moving, options: Options, leaving: Sequence[int], troubles: Sequence[Trouble]
) -> bool:
    """Have a file carried out; False if it is already, or is over.

    `troubles` are the lines that are left out whatever a tenant has.
    """
    values: dict[str, Any] = {
        "options": asdict(options),
        "leaving": list(leaving),
        "total": row.lines - len(troubles) + len(leaving),
        "failed": len(troubles),
        "troubles": [list(astuple(each)) for each in troubles[:MOST_TROUBLES]],
    }
    if not _move(db, row.id, MovingState.PLANNED, values | {"state": MovingState.RUNNING}):
        return False
    detail = _detail(row) | asdict(options) | {"leaving": len(leaving)}
    events.record(db, "people_moving", by=row.by, tenant_id=row.tenant_id, detail=detail)
    jobs.after_commit(db, JOB, row.id)
    return True


def stop(db: Session, row: Moving, *, by: str) -> bool:
    """End a file where it is; who was carried out stays. False if it is over already."""
    gone = {"state": MovingState.STOPPED, "content": b""}
    stopped = any(
        _move(db, row.id, state, gone) for state in (MovingState.PLANNED, MovingState.RUNNING)
    )
    if stopped:
        events.record(db, "people_stopped", by=by, tenant_id=row.tenant_id, detail=_detail(row))
    return stopped


def finish(db: Session, row: Moving) -> None:
    """Note that all of a file is carried out, and forget its lines."""
    if _move(db, row.id, MovingState.RUNNING, {"state": MovingState.DONE, "content": b""}):
        names = ("added", "aliases", "changed", "switched_off", "unchanged", "failed")
        detail = _detail(row) | {name: getattr(row, name) for name in names}
        events.record(db, "people_moved", by=row.by, tenant_id=row.tenant_id, detail=detail)


def stale(db: Session, now: datetime) -> Sequence[int]:
    """Return the files that are not carried out whole, and that nobody works on."""
    running = select(Moving.id).where(Moving.state == MovingState.RUNNING)
    return db.scalars(running.where(Moving.seen_at <= now - STALE)).all()


def purge(db: Session) -> None:
    """Delete files of the day before, whatever became of them."""
    db.execute(delete(Moving).where(Moving.made_at < clock.now() - KEPT))


def _move(db: Session, row_id: int, state: MovingState, values: dict[str, Any]) -> bool:
    moved = db.scalar(
        update(Moving)
        .where(Moving.id == row_id, Moving.state == state)
        .values(seen_at=clock.now(), **values)
        .returning(Moving.id)
        .execution_options(synchronize_session=False)
    )
    return moved is not None


def _detail(row: Moving) -> dict[str, Any]:
    return {"file": row.id, "form": row.form, "lines": row.lines}
