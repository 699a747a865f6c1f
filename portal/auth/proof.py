"""Proving who somebody is: the password of this portal, an emergency code, or their mail server.

Each is asked for an account that does not exist as for one that does, so that answers take the
same time. Hashing and the mail server come before the short transaction that lets somebody in.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from flask import current_app, g
from sqlalchemy.orm import Session

from mailstore import accounts, attempts, codes, ownserver, passwords
from mailstore.accounts import Account
from mailstore.attempts import Begun
from mailstore.codes import CodeKind, Found
from mailstore.ownserver import Person, Reply
from portal.access import store
from portal.auth import tries

BY = "sign-in"


class Way(StrEnum):
    """How somebody proved who they are."""

    PASSWORD = "password"  # noqa: S105 (no password, the word for one)
    CODE = "emergency code"
    IMAP = "imap"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven; `code` and `person` are what it was proven by."""

    way: Way
    account: Account | None
    code: Found | None = None
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: a proof, or how long to wait, or that the mail server is silent."""

    proof: Proof | None = None
    wait: timedelta | None = None
    silent: bool = False
    begun: tuple[Begun, ...] = ()


def ask(email: str, text: str) -> Asked:
    """Look at what somebody typed for a password."""
    account, is_code = accounts.find(g.db, email), codes.looks_like_code(text)
    known = tries.knows(account)
    by_password = (attempts.SIGN_IN, tries.limits(email, known=known))
    by_code = [(tries.CODE, tries.limits(email, known=known, most=None))] if is_code else []
    begun = tries.begin(by_password, *by_code)
    waits = [each.wait for each in begun if each.wait]
    if len(waits) == len(begun):
        return Asked(wait=min(waits))
    may_code = is_code and begun[1].wait is None
    proof = _proven(account, text, password=begun[0].wait is None, code=may_code)
    if proof is None and begun[0].wait is None:
        reply, proof = _own_server(email, account, text, known=known)
        if silent := reply is Reply.SILENT:
            tries.spare_the_place(begun)
        return Asked(proof, silent=silent, begun=tuple(begun))
    return Asked(proof, begun=tuple(begun))


def settle(db: Session, asked: Asked) -> Account | None:
    """Return whom to let in; None if that changed since it was looked at.

    A code is used up, an account that a mail server vouches for is made, and tries are forgotten.
    """
    account = _settled(db, asked.proof) if asked.proof else None
    if account is not None:
        attempts.take_back(db, *asked.begun)
    return account


def _proven(account: Account | None, text: str, *, password: bool, code: bool) -> Proof | None:
    if password and passwords.fits(account, text):
        return Proof(Way.PASSWORD, account)
    if not code:
        return None
    whose = account.id if account and account.active else None
    found = codes.find(g.db, whose, CodeKind.EMERGENCY, text)
    return Proof(Way.CODE, account, code=found) if found.fits() else None


def _own_server(
    email: str, account: Account | None, text: str, *, known: bool
) -> tuple[Reply, Proof | None]:
    person = ownserver.person_at(g.db, current_app.extensions["settings"], email)
    reply = ownserver.says(store(), person, text, known=known) if person else Reply.NO
    proven = reply is Reply.YES
    return reply, Proof(Way.IMAP, account, person=person) if proven else None


def _settled(db: Session, proof: Proof) -> Account | None:
    if proof.person is not None:
        return ownserver.account_of(db, proof.person, by=BY)
    if proof.account is None or (proof.code and not codes.take(db, proof.code)):
        return None
    # Nobody sets a password now; it may have been set while the old one was being compared.
    now = db.get(Account, proof.account.id, with_for_update=True)
    if now is None or not now.active:
        return None
    same = now.password_hash == proof.account.password_hash
    return now if same or proof.way is not Way.PASSWORD else None
