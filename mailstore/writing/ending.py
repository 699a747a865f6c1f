"""What becomes of drafts that nobody sends."""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from mailstore import clock
from mailstore.keys import DataKey
from mailstore.packs import Pack
from mailstore.writing.rows import Draft, DraftFile, DraftState

UNTOUCHED = timedelta(days=1)


def purge(db: Session) -> None:
    """Delete drafts whose days are over, with their files, and those that nobody ever touched."""
    for over in (
        Draft.day < clock.today(),
        (Draft.version == 0) & (Draft.saved_at < clock.now() - UNTOUCHED),
    ):
        old = delete(Draft).where(over, Draft.state == DraftState.WRITING)
        db.execute(old.execution_options(synchronize_session=False))


def in_pack() -> ColumnElement[bool]:
    """Return the condition that something written here lies in a pack."""
    whole = select(Draft.id).where(Draft.pack == Pack.name)
    file = select(DraftFile.id).where(DraftFile.pack == Pack.name)
    return or_(whole.exists(), file.exists())


def needs_key() -> ColumnElement[bool]:
    """Return the condition that mail which is about to be sent lies under a key."""
    whole = select(Draft.id).where(
        Draft.tenant_id == DataKey.tenant_id,
        Draft.sent_day == DataKey.day,
        Draft.pack.is_not(None),
    )
    return whole.exists()
