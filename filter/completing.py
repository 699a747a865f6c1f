"""What a mail lacks when its writer hands it in, and what it has too much (RFC 6409 §8).

Date and Message-ID are added where they are missing. Bcc goes: whoever it names is in the envelope,
and nobody else may know (RFC 5322 §3.6.3).
"""

import secrets
from datetime import datetime
from email.utils import format_datetime

from filter.spool import CHUNK, Spool
from mailstore.mime import head_of, header_fields

BLIND = frozenset({b"bcc", b"resent-bcc"})
ID_BYTES = 16


def completed(spool: Spool, hostname: str, at: datetime) -> Spool | None:
    """Return the whole mail as it is to be stored, to be closed; None where nothing changes.

    Raises OSError where it cannot be written.
    """
    chunks = spool.chunks()
    first = next(chunks, b"")
    edited = _edited(first, hostname, at)
    if edited == first:
        return None
    whole = spool.beside()
    whole.write(edited)
    for chunk in chunks:
        whole.write(chunk)
    whole.check()
    return whole


def is_too_large(spool: Spool) -> bool:
    """Whether the header is larger than what is looked through at once."""
    first = next(spool.chunks(), b"")
    return len(first) >= CHUNK and len(head_of(first)) == len(first)


def _edited(first: bytes, hostname: str, at: datetime) -> bytes:
    fields = list(header_fields(head_of(first)))
    names = {name for *_, name in fields}
    for start, end, name in reversed(fields):
        if name in BLIND:
            first = first[:start] + first[end:]
    added = b""
    if b"date" not in names:
        added += f"Date: {format_datetime(at)}\r\n".encode()
    if b"message-id" not in names:
        added += f"Message-ID: <{secrets.token_hex(ID_BYTES)}@{hostname}>\r\n".encode()
    return added + first
