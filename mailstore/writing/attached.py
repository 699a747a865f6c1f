"""Files in drafts: each a slice of a pack that ends with its draft."""

from collections.abc import Iterator, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from mailstore.db import upsert
from mailstore.packs import Pack, Place
from mailstore.slices import Sealed
from mailstore.store import Store
from mailstore.writing.rows import Draft, DraftFile

MOST = 50
LONGEST_NAME = 200
# What a mail grows by when its files are written in letters (RFC 2045 §6.8), and a little.
GROWTH = 1.4

Stored = tuple[Sealed, Place]


def put_in_pack(store: Store, draft: Draft, chunks: Iterator[bytes]) -> Stored:
    """Store the bytes of a file durably; it is in the draft once `add` has committed."""
    sealed = store.seal(draft.tenant_id, draft.day, chunks)
    (place,) = store.packs.append([sealed.slice])
    return sealed, place


def add(db: Session, draft: Draft, name: str, media_type: str, stored: Stored) -> DraftFile:
    """Add a stored file to a draft."""
    sealed, place = stored
    pack = {"name": place.pack, "day": place.day}
    db.execute(upsert(db, Pack).values(**pack).on_conflict_do_nothing())
    file = DraftFile(
        tenant_id=draft.tenant_id, draft_id=draft.id, name=name[:LONGEST_NAME],
        media_type=media_type, pack=place.pack, day=place.day, offset=place.offset,
        length=place.length, size=sealed.size, sha256=sealed.sha256,
    )  # fmt: skip
    db.add(file)
    db.flush()
    return file


def remove(db: Session, draft: Draft, file_id: int) -> bool:
    """Take a file out of a draft; False if it has no such one."""
    gone = delete(DraftFile).where(DraftFile.id == file_id, DraftFile.draft_id == draft.id)
    return db.scalar(gone.returning(DraftFile.id)) is not None


def of(db: Session, draft: Draft) -> Sequence[DraftFile]:
    """Return the files of a draft in the order they came."""
    mine = select(DraftFile).where(DraftFile.draft_id == draft.id)
    return db.scalars(mine.order_by(DraftFile.id)).all()


def room(db: Session, draft: Draft, most_bytes: int) -> int:
    """Return how many bytes of files a draft may still get; none once it has enough of them."""
    count, size = db.execute(
        select(func.count(), func.coalesce(func.sum(DraftFile.size), 0)).where(
            DraftFile.draft_id == draft.id
        )
    ).one()
    return max(int(most_bytes / GROWTH) - int(size), 0) if count < MOST else 0
