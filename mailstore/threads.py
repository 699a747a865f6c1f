"""Conversations: mail that answers mail, told by the ids it names (RFC 5322 §3.6.4).

All mail of a conversation names its first one: as the beginning of References, or else as what
it answers. So the number of a conversation is known from each mail alone.
"""

import hashlib
import re

_ID = re.compile(r"<([^<>\s]{1,500})>")
_BITS = 63


def thread_of(references: str, in_reply_to: str, message_id: str) -> int:
    """Return the number of a conversation from three fields of a mail; 0 if they name nothing."""
    for field in (references, in_reply_to, message_id):
        if first := _ID.search(field):
            return _number(hashlib.sha256(first[1].encode("utf-8", "replace")).digest())
    return 0


def alone(public_id: str) -> int:
    """Return the number of a conversation of one mail that names no other."""
    return _number(bytes.fromhex(public_id))


def _number(digest: bytes) -> int:
    # Above 0, and small enough for the columns of both databases.
    return int.from_bytes(digest[:8], "big") >> (64 - _BITS) or 1
