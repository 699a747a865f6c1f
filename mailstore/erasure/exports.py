"""Exports of one person's data: asked for with a reason, made by a job, and there for a day.

A file of its own, sealed with a key that only its row has: with the row it is gone.
"""

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import ColumnElement, ForeignKey, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events, jobs
from mailstore.accounts import Account
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.erasure import bundle, people
from mailstore.errors import BadName, NotFound
from mailstore.jobs import job
from mailstore.keys import KEY_BYTES
from mailstore.packs import sync_folder
from mailstore.slices import Sealer, unseal
from mailstore.store import Store
from mailstore.texts import plain

log = structlog.get_logger()

JOB, END = "export_person", "end_exports"
ASKED, MADE, FETCHED = "person_export_asked", "person_exported", "person_export_fetched"
LASTS = timedelta(hours=24)
LEASE = timedelta(hours=2)
SHORTEST_REASON, LONGEST_REASON = 5, 200
READ_CHUNK = 256 * 1024
FOLDER = "exports"


class PersonExport(Base):
    """A person's data as a file; `own` where they asked themselves."""

    __tablename__ = "person_exports"

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    own: Mapped[bool]
    asked_by: Mapped[str]
    reason: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    lease_until: Mapped[datetime | None]
    made_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    file: Mapped[str]
    key: Mapped[str]
    sha256: Mapped[str] = mapped_column(default="")
    size: Mapped[int] = mapped_column(default=0)
    mails: Mapped[int] = mapped_column(default=0)


def ask(
    db: Session, store: Store, account: Account, reason: str, *, by: str, own: bool = False
) -> int:
    """Ask for all that is kept of a person; raises BadName for a reason that says too little.

    One that is on its way, asked for the same person in the same way, is not asked for again.
    """
    text = plain(reason, LONGEST_REASON).replace("\n", " ")
    if not own and len(text) < SHORTEST_REASON:
        raise BadName(f"A reason has {SHORTEST_REASON} characters at least.")
    if account.tenant_id is None:
        raise BadName("An operator has no mail here.")
    waiting = PersonExport.made_at.is_(None), PersonExport.account_id == account.id
    present = db.scalar(select(PersonExport.id).where(*waiting, PersonExport.own == own))
    if present is not None:
        return present
    key = store.ring.wrap(secrets.token_bytes(KEY_BYTES))
    row = PersonExport(
        tenant_id=account.tenant_id, account_id=account.id, own=own, asked_by=by, reason=text,
        file=secrets.token_hex(12), key=key,
    )  # fmt: skip
    db.add(row)
    db.flush()
    detail = {"account": account.id, "reason": text, "own": own}
    events.record(db, ASKED, by=by, tenant_id=account.tenant_id, detail=detail)
    jobs.after_commit(db, JOB, row.id)
    return row.id


def due(db: Session, now: datetime) -> Sequence[int]:
    """Return the exports that nobody makes."""
    free = or_(PersonExport.lease_until.is_(None), PersonExport.lease_until < now)
    return db.scalars(select(PersonExport.id).where(PersonExport.made_at.is_(None), free)).all()


def of(db: Session, account_id: int, *, own: bool) -> Sequence[PersonExport]:
    """Return the exports of a person that are made or on their way, the newest first."""
    mine = PersonExport.account_id == account_id, PersonExport.own == own, _lasts()
    return db.scalars(select(PersonExport).where(*mine).order_by(PersonExport.id.desc())).all()


def one(db: Session, account_id: int, export_id: int, *, own: bool) -> PersonExport | None:
    """Return an export of a person that can be fetched."""
    mine = PersonExport.account_id == account_id, PersonExport.own == own
    made = PersonExport.made_at.is_not(None), PersonExport.id == export_id
    return db.scalar(select(PersonExport).where(*mine, *made, _lasts()))


def note_fetched(db: Session, export: PersonExport, *, by: str) -> None:
    """Note that somebody fetches an export, before they get anything of it."""
    detail = {"account": export.account_id, "own": export.own}
    events.record(db, FETCHED, by=by, tenant_id=export.tenant_id, detail=detail)


def content(store: Store, export: PersonExport) -> Iterator[bytes]:
    """Yield the ZIP; raises NotFound if its file is gone."""
    try:
        file = _path(store, export.file).open("rb")
    except FileNotFoundError as error:
        raise NotFound("the export is gone") from error
    with file:
        sealed = iter(lambda: file.read(READ_CHUNK), b"")
        yield from unseal(store.ring.unwrap(export.key), sealed, export.sha256)


@job
def export_person(store: Store, export_id: int) -> None:
    """Make an export; twice is harmless, and whoever dies leaves it to the next one."""
    with store.write() as db:
        export = _claimed(db, export_id)
        if export is None:
            return
        person = people.whole(db, db.get_one(Account, export.account_id))
    path = _path(store, export.file)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with path.open("wb") as file:
        sealer = Sealer(store.ring.unwrap(export.key), file.write)
        mails = bundle.write(store, person, sealer, own=export.own)
        sealer.close()
    sync_folder(path.parent)
    with store.write() as db:
        _made(db, export, sealer, mails)


def are_over(db: Session, now: datetime) -> bool:
    """Whether the day of any export is over."""
    over = select(PersonExport.id).where(PersonExport.ends_at <= now)
    return db.scalar(over.limit(1)) is not None


@job
def end_exports(store: Store) -> None:
    """Delete exports whose day is over, and files that no row names (any more)."""
    with store.write() as db:
        over = PersonExport.ends_at <= clock.now()
        db.execute(delete(PersonExport).where(over))
    with store.read() as db:
        named = set(db.scalars(select(PersonExport.file)))
    for path in (store.settings.data_dir / FOLDER).glob("*"):
        if path.name not in named:
            path.unlink(missing_ok=True)


def _claimed(db: Session, export_id: int) -> PersonExport | None:
    now = clock.now()
    free = or_(PersonExport.lease_until.is_(None), PersonExport.lease_until < now)
    return db.scalar(
        update(PersonExport)
        .where(PersonExport.id == export_id, PersonExport.made_at.is_(None), free)
        .values(lease_until=now + LEASE)
        .returning(PersonExport)
    )


def _made(db: Session, export: PersonExport, sealer: Sealer, mails: int) -> None:
    now = clock.now()
    made = db.scalar(
        update(PersonExport)
        .where(PersonExport.id == export.id, PersonExport.made_at.is_(None))
        .values(made_at=now, ends_at=now + LASTS, sha256=sealer.sha256, size=sealer.size,
                mails=mails)
        .returning(PersonExport.id)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if made is not None:
        detail = {"account": export.account_id, "mails": mails}
        events.record(db, MADE, by="worker", tenant_id=export.tenant_id, detail=detail)


def _lasts() -> ColumnElement[bool]:
    return or_(PersonExport.ends_at.is_(None), PersonExport.ends_at > clock.now())


def _path(store: Store, name: str) -> Path:
    return store.settings.data_dir / FOLDER / name
