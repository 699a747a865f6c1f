"""Passwords of this portal: which can be set, and setting one.

Length counts, and that nobody guesses it; there is no rule about kinds of characters.
"""

import hashlib
import threading
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import structlog
from sqlalchemy import update
from sqlalchemy.orm import Session
from zxcvbn import zxcvbn

from mailstore import events, hashing, resets, sessions
from mailstore.accounts import Account
from mailstore.errors import BadName
from mailstore.tenants import Tenant

log = structlog.get_logger()

SHORTEST, LONGEST = 10, hashing.LONGEST
# Estimating takes the longer the more a password is written in signs: 0.6 s for this many at most.
LONGEST_GUESSED = 40
GUESSABLE_BELOW = 2
PRODUCT = "mailhafen"
# The estimator keeps the words of whoever asked last in a table of its own.
_ESTIMATING = threading.Lock()


class Weakness(StrEnum):
    """Why a password cannot be set."""

    LENGTH = "length"
    GUESSABLE = "guessable"
    BREACHED = "breached"


SENTENCES = {
    Weakness.LENGTH: f"A password has {SHORTEST} to {LONGEST} characters.",
    Weakness.GUESSABLE: "This password is easy to guess: three or four words in a row are not.",
    Weakness.BREACHED: "This password is on lists of stolen ones: choose one used nowhere else.",
}


class WeakPassword(BadName):
    """A password that cannot be set; `why` says why."""

    def __init__(self, why: Weakness) -> None:
        super().__init__(SENTENCES[why])
        self.why = why


def words_about(account: Account, tenant: Tenant | None) -> list[str]:
    """Return the words that whoever knows the person would try first."""
    local, _, domain = account.email.partition("@")
    texts = [account.email, local, domain, *domain.split("."), *account.name.split(), PRODUCT]
    return [*texts, *(tenant.name.split() if tenant else ())]


def check(password: str, words: Sequence[str], breached: Path | None) -> str:
    """Return a password that can be set, or raise WeakPassword."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword(Weakness.LENGTH)
    with _ESTIMATING:
        score = zxcvbn(password[:LONGEST_GUESSED], user_inputs=[PRODUCT, *words])["score"]
    if score < GUESSABLE_BELOW:
        raise WeakPassword(Weakness.GUESSABLE)
    if breached is not None and is_listed(breached, password):
        raise WeakPassword(Weakness.BREACHED)
    return password


def hash_password(password: str) -> str:
    """Return what is stored of a password; raises WeakPassword for its length only."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword(Weakness.LENGTH)
    return hashing.hashed(password)


def fits(account: Account | None, password: str) -> bool:
    """Whether the password is the account's; as slow for an account that does not exist."""
    stored = account.password_hash if account and account.active else None
    return hashing.fits(stored, password)


def set_hash(
    db: Session, account: Account, hashed: str | None, *, by: str, but: str | None = None
) -> None:
    """Set a password, or none; links to set another end, and all sessions but that of a token."""
    db.execute(
        update(Account)
        .where(Account.id == account.id)
        .values(password_hash=hashed)
        .execution_options(synchronize_session=False)
    )
    resets.end_all(db, account.id)
    sessions.end_all(db, account, by=by, but=but)
    kind = "password_set" if hashed else "password_ended"
    events.record(db, kind, tenant_id=account.tenant_id, by=by, detail={"account": account.id})


def is_listed(path: Path, password: str) -> bool:
    """Whether a password is in a sorted file of SHA-1 hashes (`HEX:count`).

    The file has many gigabytes, so it is searched by halves and never read. One that cannot be
    read refuses nobody: the log says so.
    """
    wanted = hashlib.sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    try:
        return _search(path, wanted.hexdigest().upper().encode())
    except OSError as error:
        log.warning("breached_passwords_unreadable", error=str(error))
        return False


def _search(path: Path, wanted: bytes) -> bool:
    """Find the first line that is not before the wanted hash, and say whether it is the one."""
    with path.open("rb") as file:
        low, high = 0, path.stat().st_size
        while low < high:
            middle = (low + high) // 2
            found = _first_from(file, middle)
            if found and found < wanted:
                low = middle + 1
            else:
                high = middle
        return _first_from(file, low) == wanted


def _first_from(file: BinaryIO, place: int) -> bytes:
    """Return the hash in the first line that begins at a place or behind it."""
    file.seek(max(place - 1, 0))
    if place:
        file.readline()
    return file.readline().partition(b":")[0].strip().upper()
