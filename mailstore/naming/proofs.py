"""How DNS proves that a domain is a tenant's: a text record with the token of the claim.

The record stands below a name of its own, so that it is in nobody's way, and can go once the
domain is added.
"""

import secrets
from collections.abc import Sequence
from enum import StrEnum

PLACE = "_mailhafen-challenge"
MARK = "mailhafen-verification="
TOKEN_BYTES = 20


class Seen(StrEnum):
    """What was found where the proof is to stand; TAKEN: it is there, and the domain is here."""

    NOTHING = "nothing"
    OTHER = "other"
    UNKNOWN = "unknown"
    PROVEN = "proven"
    TAKEN = "taken"


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_hex(TOKEN_BYTES)


def place_of(name: str) -> str:
    """Return where the proof of a domain stands in DNS."""
    return f"{PLACE}.{name}"


def record_of(token: str) -> str:
    """Return what the text record is to say."""
    return MARK + token


def seen_in(records: Sequence[Sequence[str]] | None, token: str) -> Seen:
    """Return what text records prove; None for them means that DNS did not answer."""
    if records is None:
        return Seen.UNKNOWN
    texts = {"".join(pieces).strip() for pieces in records}
    if record_of(token) in texts:
        return Seen.PROVEN
    return Seen.OTHER if texts else Seen.NOTHING
