"""Signing in by SMTP (RFC 4954): as an account with its password, or with a credential.

A password is looked at as in the portal: counted before, by the same counts, and as slow for a name
that nobody has. An account with a second factor lets nobody in by its password alone; it needs a
credential. Hashing takes its time, so none of this belongs on an event loop.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from mailstore import accounts, attempts, passwords
from mailstore.accounts import Account
from mailstore.sending import credentials, submitters
from mailstore.sending.credentials import Credential
from mailstore.sending.submitters import Submitter
from mailstore.store import Store


@dataclass(frozen=True, slots=True)
class Entrant:
    """Who signed in: by an account's password, or with a credential."""

    account_id: int | None = None
    credential_id: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What signing in came to; `too_often` where nobody even looked."""

    entrant: Entrant | None = None
    too_often: bool = False


def enter(store: Store, name: str, secret: str, address: str) -> Answer:
    """Let somebody in who shows a name and a secret from a network address, or not."""
    if entrant := _with_credential(store, name, secret):
        return Answer(entrant)
    # Only what can be guessed is counted: nobody locks a program out by guessing.
    email = name.strip().lower()
    with store.write() as db:
        begun = attempts.begin(db, attempts.SIGN_IN, attempts.of_stranger(email, address))
    if begun.wait:
        return Answer(too_often=True)
    with store.read() as db:
        account = accounts.find(db, email)
    if not passwords.fits(account, secret) or account is None or not _by_password_alone(account):
        return Answer()
    with store.write() as db:
        attempts.take_back(db, begun)
    return Answer(Entrant(account_id=account.id))


def submitter_of(db: Session, entrant: Entrant) -> Submitter | None:
    """Return as whom somebody who signed in sends; None if they may not (any more)."""
    if entrant.credential_id is not None:
        credential = db.get(Credential, entrant.credential_id)
        return credentials.submitter_of(db, credential) if credential else None
    account = db.get(Account, entrant.account_id)
    if account is None or not account.active or not _by_password_alone(account):
        return None
    return submitters.person(db, account)


def _with_credential(store: Store, name: str, secret: str) -> Entrant | None:
    with store.read() as db:
        found = credentials.find(db, name, secret)
        if found is None or credentials.submitter_of(db, found) is None:
            return None
    if not credentials.is_noted(found):
        with store.write() as db:
            credentials.note_use(db, found.id)
    return Entrant(credential_id=found.id)


def _by_password_alone(account: Account) -> bool:
    return account.tenant_id is not None and not account.totp_secret
