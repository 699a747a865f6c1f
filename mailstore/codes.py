"""Codes that sign in once: printed for an emergency, or kept for when a second factor is lost.

A code is four groups of four characters. The first group finds its row, the others are its
secret, of which only a hash is kept. Hashing is slow, so a code is looked for (`find`), compared
(`Found.fits`) and used up (`take`) in three steps, the middle one outside of any transaction.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    UniqueConstraint,
    and_,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events, hashing
from mailstore.accounts import Account
from mailstore.db import Base, PrimaryKey

# Without 0 O, 1 I L, U V: people read codes from paper.
DIGITS, LETTERS = "23456789", "ABCDEFGHJKMNPQRSTWXYZ"
ALPHABET = DIGITS + LETTERS
GROUP, GROUPS = 4, 4
DASHES = "-\u2010\u2011\u2012\u2013\u2212"
RECOVERIES = 10
EMERGENCY_LIFE = timedelta(days=365)
KEPT = timedelta(days=30)


class CodeKind(StrEnum):
    """What a code is for."""

    EMERGENCY = "emergency"
    RECOVERY = "recovery"


# Codes of both kinds lie side by side, so their selectors must never be the same.
_FIRST = {CodeKind.EMERGENCY: DIGITS, CodeKind.RECOVERY: LETTERS}
_COUNT = {CodeKind.EMERGENCY: 1, CodeKind.RECOVERY: RECOVERIES}


class AccessCode(Base):
    """One code of an account."""

    __tablename__ = "access_codes"
    __table_args__ = (UniqueConstraint("account_id", "selector"),)

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[CodeKind]
    selector: Mapped[str]
    secret_hash: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    ends_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Fresh:
    """A code that is no row yet: as it is shown, and what is kept of it."""

    text: str
    selector: str
    secret_hash: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a typed code may be; without a row it is as slow to compare."""

    secret: str
    code_id: int | None = None
    secret_hash: str | None = None

    def fits(self) -> bool:
        """Whether it is the code of its row."""
        return hashing.fits(self.secret_hash, self.secret)


def fresh(kind: CodeKind) -> list[Fresh]:
    """Return new codes of a kind, which takes its time: call it before a transaction."""
    selectors: set[str] = set()
    while len(selectors) < _COUNT[kind]:
        selectors.add(secrets.choice(_FIRST[kind]) + _random(GROUP - 1))
    return [_fresh(selector) for selector in selectors]


def make_recovery(
    db: Session, account: Account, *, by: str, made: Sequence[Fresh] = ()
) -> list[str]:
    """Return ten codes for the loss of a second factor; older ones end.

    `made` is what `fresh` returned before the transaction, which is then a short one.
    """
    made = made or fresh(CodeKind.RECOVERY)
    db.execute(delete(AccessCode).where(_of(account.id, CodeKind.RECOVERY)))
    _keep(db, account, CodeKind.RECOVERY, made, by)
    return [each.text for each in made]


def make_emergency(db: Session, account: Account, *, by: str, made: Sequence[Fresh] = ()) -> str:
    """Return a code that signs in once within a year; an older one that nobody used ends.

    `made` is what `fresh` returned before the transaction, which is then a short one.
    """
    made = made or fresh(CodeKind.EMERGENCY)
    over = or_(AccessCode.used_at.is_(None), AccessCode.selector == made[0].selector)
    db.execute(delete(AccessCode).where(_of(account.id, CodeKind.EMERGENCY), over))
    _keep(db, account, CodeKind.EMERGENCY, made, by, clock.now() + EMERGENCY_LIFE)
    return made[0].text


def left(db: Session, account_id: int, kind: CodeKind) -> int:
    """Return how many codes of a kind an account could still use."""
    usable = select(func.count()).where(_of(account_id, kind), _usable())
    return db.scalar(usable) or 0


def outstanding(kind: CodeKind) -> ColumnElement[bool]:
    """Return the condition that an account could still use a code of a kind."""
    of_kind = AccessCode.account_id == Account.id, AccessCode.kind == kind
    return select(AccessCode.id).where(*of_kind, _usable()).exists()


def looks_like_code(text: str) -> bool:
    """Whether a text could be one of our codes."""
    said = _plain(text)
    return len(said) == GROUP * GROUPS and set(said) <= set(ALPHABET)


def find(db: Session, account_id: int | None, kind: CodeKind, text: str) -> Found:
    """Return what a typed code may be, also for an account that does not exist."""
    said = _plain(text)
    wanted = _of(account_id or 0, kind), AccessCode.selector == said[:GROUP], _usable()
    row = db.execute(select(AccessCode.id, AccessCode.secret_hash).where(*wanted)).first()
    return Found(said[GROUP:], *row) if row else Found(said[GROUP:])


def take(db: Session, found: Found) -> bool:
    """Use up a code that fits; False if somebody else just did, or it ended."""
    taken = db.execute(
        update(AccessCode)
        .where(AccessCode.id == found.code_id, _usable())
        .values(used_at=clock.now())
        .returning(AccessCode.account_id, AccessCode.kind)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        return False
    account = db.get_one(Account, taken.account_id)
    _record(db, f"{taken.kind}_code_used", account, account.email)
    return True


def purge(db: Session) -> None:
    """Delete codes that were used or ended some time ago."""
    before = clock.now() - KEPT
    db.execute(delete(AccessCode).where(or_(AccessCode.used_at < before,
                                            AccessCode.ends_at < before)))  # fmt: skip


def _keep(
    db: Session,
    account: Account,
    kind: CodeKind,
    made: Sequence[Fresh],
    by: str,
    ends_at: datetime | None = None,
) -> None:
    now = clock.now()
    db.add_all(
        AccessCode(
            account_id=account.id,
            kind=kind,
            selector=each.selector,
            secret_hash=each.secret_hash,
            made_at=now,
            made_by=by,
            ends_at=ends_at,
        )
        for each in made
    )
    db.flush()
    kinds = {CodeKind.EMERGENCY: "emergency_code_made", CodeKind.RECOVERY: "recovery_codes_made"}
    _record(db, kinds[kind], account, by)


def _record(db: Session, kind: str, account: Account, by: str) -> None:
    events.record(db, kind, tenant_id=account.tenant_id, by=by, detail={"account": account.id})


def _of(account_id: int, kind: CodeKind) -> ColumnElement[bool]:
    return and_(AccessCode.account_id == account_id, AccessCode.kind == kind)


def _usable() -> ColumnElement[bool]:
    alive = or_(AccessCode.ends_at.is_(None), AccessCode.ends_at > clock.now())
    return and_(AccessCode.used_at.is_(None), alive)


def _fresh(selector: str) -> Fresh:
    groups = [selector, *(_random(GROUP) for _ in range(GROUPS - 1))]
    return Fresh("-".join(groups), selector, hashing.hashed("".join(groups[1:])))


def _random(size: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(size))


def _plain(text: str) -> str:
    """Return what counts of a typed code: people leave out dashes, and write small letters."""
    return "".join(each for each in text if not each.isspace() and each not in DASHES).upper()
