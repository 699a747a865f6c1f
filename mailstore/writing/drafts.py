"""Drafts: what somebody is writing, kept as they type, for thirty days from its first letter."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Self

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from mailstore import clock, events
from mailstore.errors import Corrupt, NotFound
from mailstore.retention import expiry_day
from mailstore.slices import Sealed, unseal
from mailstore.store import Store
from mailstore.writing.identities import Identity
from mailstore.writing.rows import Draft, DraftState

DAYS = 30


@dataclass(frozen=True, slots=True)
class Fields:
    """What somebody typed, and what their mail answers."""

    sender: str = ""
    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    text: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    # What the mail that is answered or handed on was addressed to: all inside, or not.
    inside: bool = False

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read what `as_bytes` wrote."""
        said = json.loads(raw)
        return cls(**said | {"references": tuple(said["references"])})

    def as_bytes(self) -> bytes:
        """Return the fields as they lie sealed in a row."""
        return json.dumps(asdict(self)).encode()


@dataclass(frozen=True, slots=True)
class Kept:
    """Fields sealed for their row."""

    fields: Fields
    sealed: Sealed


def first_day() -> date:
    """Return the day that a draft begun now ends on."""
    return expiry_day(clock.now(), DAYS)


def sealed(store: Store, tenant_id: int, day: date, fields: Fields) -> Kept:
    """Return fields encrypted for their row; to be done before a transaction begins."""
    return Kept(fields, store.seal(tenant_id, day, [fields.as_bytes()]))


def begin(
    db: Session, identity: Identity, account_id: int, kept: Kept, answers_id: int | None = None
) -> Draft:
    """Add a draft; nobody is shown it until it was saved once."""
    draft = Draft(
        tenant_id=identity.tenant_id, mailbox_id=identity.mailbox_id, account_id=account_id,
        answers_id=answers_id, day=kept.sealed.slice.day, content=kept.sealed.slice.data,
        content_sha256=kept.sealed.sha256, saved_at=clock.now(),
    )  # fmt: skip
    db.add(draft)
    db.flush()
    return draft


def save(db: Session, draft: Draft, version: int, mailbox_id: int, kept: Kept) -> int | None:
    """Keep what was typed since a version of a draft; returns its version by now.

    None if somebody saved another meanwhile, or it is being sent.
    """
    return db.scalar(
        update(Draft)
        .where(*_mine(draft), Draft.version == version)
        .values(
            mailbox_id=mailbox_id,
            content=kept.sealed.slice.data,
            content_sha256=kept.sealed.sha256,
            saved_at=clock.now(),
            version=Draft.version + 1,
            error="",
        )
        .returning(Draft.version)
        .execution_options(synchronize_session=False)
    )


def discard(db: Session, draft: Draft, *, by: str) -> bool:
    """Throw a draft away with its files; False if it is being sent, or gone already."""
    gone = db.scalar(
        delete(Draft)
        .where(*_mine(draft))
        .returning(Draft.id)
        .execution_options(synchronize_session=False)
    )
    if gone is not None:
        tenant_id, mailbox_id = draft.tenant_id, draft.mailbox_id
        events.record(db, "draft_discarded", by=by, tenant_id=tenant_id, mailbox_id=mailbox_id)
    return gone is not None


def one(db: Session, account_id: int, draft_id: int) -> Draft | None:
    """Return a draft of somebody, which may be about to be sent; None if there is none."""
    return db.scalar(select(Draft).where(Draft.id == draft_id, Draft.account_id == account_id))


def of(db: Session, account_id: int, limit: int) -> Sequence[Draft]:
    """Return what somebody began to write, the newest first, but for what they never touched."""
    return db.scalars(
        select(Draft)
        .where(Draft.account_id == account_id, Draft.version > 0)
        .order_by(Draft.saved_at.desc(), Draft.id.desc())
        .limit(limit)
    ).all()


def count(db: Session, account_id: int) -> int:
    """Return how many drafts somebody has."""
    mine = select(func.count()).select_from(Draft).where(Draft.account_id == account_id)
    return db.scalar(mine) or 0


def fields_of(store: Store, draft: Draft) -> Fields:
    """Return what was typed; empty fields where that cannot be read any more."""
    try:
        key = store.key_of(draft.tenant_id, draft.day)
        return Fields.parse(b"".join(unseal(key, [draft.content], draft.content_sha256)))
    except (NotFound, Corrupt):
        return Fields()


def _mine(draft: Draft) -> tuple[ColumnElement[bool], ...]:
    return (
        Draft.id == draft.id,
        Draft.account_id == draft.account_id,
        Draft.state == DraftState.WRITING,
    )
