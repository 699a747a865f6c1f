"""Signed-in sessions: rows, so that they can be seen and ended."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy.orm import Session

from mailstore import clock, devices, events, resets, signins
from mailstore.accounts import Account
from mailstore.bearer import hash_of, new_token
from mailstore.mailboxes import Mailbox, MailboxAccess
from mailstore.signins import SignIn
from mailstore.tenants import Tenant

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
HALFWAY = timedelta(minutes=5)
SEEN_EVERY = timedelta(minutes=1)


class Halfway(NamedTuple):
    """Whose first step was done, and how."""

    account: Account
    way: str


class Living(NamedTuple):
    """A living session: whose it is, when they last proved who they are, and what is due.

    Also their tenant, and the language of their first mailbox.
    """

    account: Account
    proved_at: datetime
    needs_seen: bool
    tenant: Tenant | None
    language: str | None


def start(db: Session, account: Account, agent: str, *, way: str = "", address: str = "") -> str:
    """Begin a session and return its token, which is not kept."""
    token, now = new_token(), clock.now()
    _add(db, account.id, token, now, agent=agent, way=way, address=address)
    at = update(Account).where(Account.id == account.id).values(signed_in_at=now)
    db.execute(at.execution_options(synchronize_session=False))
    detail = {"account": account.id, "way": way}
    events.record(db, "signed_in", tenant_id=account.tenant_id, by=account.email, detail=detail)
    return token


def start_halfway(db: Session, account: Account, agent: str, *, way: str, address: str) -> str:
    """Note the first of two steps, and return the token that the second one wants."""
    token, now = new_token(), clock.now()
    _add(db, account.id, token, now, agent=agent, way=way, address=address, halfway=True)
    return token


def halfway(db: Session, token: str) -> Halfway | None:
    """Return who did the first step, and how; None five minutes later, or once sessions ended."""
    found = db.execute(
        select(Account, SignIn.way)
        .join(SignIn, SignIn.account_id == Account.id)
        .where(SignIn.token_hash == hash_of(token), SignIn.halfway, Account.active)
        .where(SignIn.created_at >= clock.now() - HALFWAY)
    ).first()
    return Halfway(*found) if found else None


def _add(db: Session, account_id: int, token: str, now: datetime, **more: Any) -> None:
    moments = dict.fromkeys(("created_at", "seen_at", "proved_at"), now)
    more["agent"] = more["agent"][:200]
    db.add(SignIn(account_id=account_id, token_hash=hash_of(token), **moments, **more))
    db.flush()


# Every page asks this, and making the query takes longer than asking it.
_LIVING = (
    select(
        Account,
        SignIn.proved_at,
        SignIn.seen_at < bindparam("stale"),
        Tenant,
        select(Mailbox.language)
        .join(MailboxAccess, MailboxAccess.mailbox_id == Mailbox.id)
        .where(MailboxAccess.account_id == Account.id)
        .order_by(Mailbox.id)
        .limit(1)
        .scalar_subquery(),
    )
    .join(SignIn, SignIn.account_id == Account.id)
    .outerjoin(Tenant, Tenant.id == Account.tenant_id)
    .where(SignIn.token_hash == bindparam("token_hash"), Account.active, ~SignIn.halfway)
    .where(SignIn.seen_at > bindparam("idle"), SignIn.created_at > bindparam("oldest"))
)


def living(db: Session, token: str) -> Living | None:
    """Return a session that lives and whose account is active, or None; one query."""
    now = clock.now()
    shown = {"token_hash": hash_of(token), "stale": now - SEEN_EVERY}
    found = db.execute(_LIVING, shown | {"idle": now - IDLE, "oldest": now - ABSOLUTE}).first()
    return Living(*found) if found else None


def seen(db: Session, token: str) -> None:
    """Keep a session alive; written once a minute at most."""
    now = clock.now()
    db.execute(
        update(SignIn)
        .where(SignIn.token_hash == hash_of(token), SignIn.seen_at < now - SEEN_EVERY)
        .values(seen_at=now)
    )


def way_of(db: Session, token: str) -> str:
    """Return how whoever sits there proved who they are; empty if the session ended."""
    return db.scalar(select(SignIn.way).where(SignIn.token_hash == hash_of(token))) or ""


def of_account(db: Session, account_id: int) -> Sequence[SignIn]:
    """Return the living sessions of an account, the one seen last first."""
    now = clock.now()
    return db.scalars(
        select(SignIn)
        .where(SignIn.account_id == account_id, ~SignIn.halfway)
        .where(SignIn.seen_at > now - IDLE, SignIn.created_at > now - ABSOLUTE)
        .order_by(SignIn.seen_at.desc(), SignIn.id.desc())
    ).all()


def end(db: Session, token: str) -> None:
    """End a session; its cookie is worth nothing from now on."""
    db.execute(delete(SignIn).where(SignIn.token_hash == hash_of(token)))


def end_one(db: Session, account_id: int, sign_in_id: int) -> bool:
    """End one session of an account; False if it has none such."""
    ended = db.scalar(
        delete(SignIn)
        .where(SignIn.id == sign_in_id, SignIn.account_id == account_id)
        .returning(SignIn.id)
        .execution_options(synchronize_session=False)
    )
    return ended is not None


def end_all(db: Session, account: Account, *, by: str, but: str | None = None) -> int:
    """End the sessions of an account, all but the one of a token; return how many."""
    ended = signins.end_of(db, account.id, but=hash_of(but) if but else None)
    if ended:
        detail = {"account": account.id, "sessions": ended}
        events.record(db, "sessions_ended", tenant_id=account.tenant_id, by=by, detail=detail)
    return ended


def log_out_everywhere(db: Session, account: Account, *, by: str) -> None:
    """End all that lets somebody in without signing in anew.

    That is sessions, links to a new password, known devices, and report links of own mailboxes.
    """
    end_all(db, account, by=by)
    resets.end_all(db, account.id)
    devices.leave(db, account.id)
    detail = {"account": account.id}
    events.record(db, "logged_out_everywhere", tenant_id=account.tenant_id, by=by, detail=detail)


def purge(db: Session) -> None:
    """Delete sessions that have run out."""
    now = clock.now()
    db.execute(delete(SignIn).where(SignIn.seen_at < now - ABSOLUTE))
