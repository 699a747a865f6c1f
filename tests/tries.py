"""Tries at getting in, as tests make and count them: each in one step, which takes its time."""

from datetime import timedelta

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from mailstore import clock, codes, sessions
from mailstore.accounts import Account
from mailstore.attempts import WINDOW, Attempt
from mailstore.codes import CodeKind


def failed(db: Session, kind: str, *keys: str) -> None:
    """Count a failure for each key."""
    now = clock.now()
    db.execute(insert(Attempt), [{"kind": kind, "key": key, "at": now} for key in keys])


def count(db: Session, kind: str, key: str, *, window: timedelta = WINDOW) -> int:
    """Return how many failures a key had lately."""
    mine = select(func.count()).where(Attempt.kind == kind, Attempt.key == key)
    return db.scalar(mine.where(Attempt.at > clock.now() - window)) or 0


def use_code(db: Session, account_id: int | None, kind: CodeKind, text: str) -> bool:
    """Find, compare and take a code."""
    found = codes.find(db, account_id, kind, text)
    return found.fits() and codes.take(db, found)


def account_of(db: Session, token: str) -> Account | None:
    """Return the active account of a living session, or None."""
    found = sessions.living(db, token)
    return found.account if found else None
