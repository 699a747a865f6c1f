"""Slow hashes of passwords and codes (argon2id), so many at once and no more.

They are made and compared outside of transactions: each takes tens of milliseconds on purpose.
"""

import secrets
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

# OWASP's minimum (19 MiB, two passes): several sign-ins at once must fit a small machine.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_DUMMY = _HASHER.hash(secrets.token_hex(16))
MOST_AT_ONCE = 4
_ROOM = BoundedSemaphore(MOST_AT_ONCE)
LONGEST = 1024


def hashed(secret: str) -> str:
    """Return what is stored of a secret, with a salt of its own."""
    with _ROOM:
        return _HASHER.hash(_as_bytes(secret))


def fits(stored: str | None, secret: str) -> bool:
    """Whether a secret is the one that was stored; as slow where nothing is stored."""
    with _ROOM:
        try:
            same = _HASHER.verify(stored or _DUMMY, _as_bytes(secret[:LONGEST]))
        except (VerifyMismatchError, InvalidHashError):
            return False
    return same and stored is not None


def _as_bytes(secret: str) -> bytes:
    # A browser sends no lone surrogates, but whoever is no browser may.
    return secret.encode("utf-8", "surrogatepass")
