"""Forgetting content before its day is over, when others of that day still need the day's key.

The row lets go of its bytes first and a leftover remembers where they lie, in one transaction;
then they are overwritten, so that a crash leaves a leftover, never a row without its bytes.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update
from sqlalchemy.orm import Mapped, Session

from mailstore import events, keys
from mailstore.db import Base, PrimaryKey
from mailstore.keys import DataKey
from mailstore.messages import Message
from mailstore.packs import Place
from mailstore.search import index
from mailstore.store import Store
from mailstore.tenants import KEEP_DAYS
from mailstore.writing.rows import Draft, DraftFile

FORGOTTEN = "content_forgotten"
BATCH = 500
# Nothing new is sealed for days that are nearer than this; a mail may take its time to come in.
CLOSED = timedelta(days=KEEP_DAYS - 2)


class Leftover(Base):
    """Bytes in a pack that no row names any more and that are yet to be overwritten."""

    __tablename__ = "leftovers"

    id: Mapped[PrimaryKey]
    pack: Mapped[str]
    day: Mapped[date]
    offset: Mapped[int]
    length: Mapped[int]
    message_id: Mapped[int]

    @property
    def place(self) -> Place:
        """Where they lie."""
        return Place(self.pack, self.day, self.offset, self.length)


def forget(db: Session, ids: Collection[int]) -> Counter[int]:
    """Let rows go of their content; return how many of each tenant had any.

    Their bytes are overwritten by `shred`, which the caller asks for.
    """
    mine = select(
        Message.tenant_id, Message.pack, Message.day, Message.offset, Message.length,
        Message.id.label("message_id"),
    ).where(Message.id.in_(ids), Message.pack.is_not(None))  # fmt: skip
    found = [dict(each) for each in db.execute(mine).mappings()]
    count = Counter(int(each.pop("tenant_id")) for each in found)
    if found:
        db.execute(insert(Leftover), found)
        db.execute(
            update(Message)
            .where(Message.id.in_(ids), Message.pack.is_not(None))
            .values(pack=None, snippet="", indexed=False)
            .execution_options(synchronize_session=False)
        )
    return count


def note(db: Session, count: Counter[int], *, by: str, why: str) -> None:
    """Write down for each tenant how much was forgotten, and nothing else of it."""
    for tenant_id, mails in count.items():
        events.record(
            db, FORGOTTEN, by=by, tenant_id=tenant_id, detail={"mails": mails, "why": why}
        )


def shred(store: Store) -> int:
    """Overwrite what rows let go of, and take its words out of search; return how much it was."""
    done = 0
    while left := _some(store):
        for each in left:
            store.packs.shred(each.place)
        index.forget(store, [(each.day, each.message_id) for each in left])
        with store.write() as db:
            db.execute(delete(Leftover).where(Leftover.id.in_([each.id for each in left])))
        done += len(left)
    return done


def erase_keys(db: Session, today: date, but: ColumnElement[bool]) -> Sequence[tuple[int, date]]:
    """Erase the keys of past days, and of days to come that are closed and nobody needs.

    `but` is the condition that somebody needs a key. Returns tenants and days.
    """
    drafted = or_(*(_has_key(each) for each in (Draft, DraftFile)))
    closed = and_(DataKey.day < today + CLOSED, ~drafted)
    return keys.erase(db, and_(or_(DataKey.day < today, closed), ~but))


def _has_key(table: type[Draft] | type[DraftFile]) -> ColumnElement[bool]:
    mine = table.tenant_id == DataKey.tenant_id, table.day == DataKey.day
    return select(table.id).where(*mine).exists()


def _some(store: Store) -> Sequence[Leftover]:
    with store.read() as db:
        return db.scalars(select(Leftover).order_by(Leftover.id).limit(BATCH)).all()
