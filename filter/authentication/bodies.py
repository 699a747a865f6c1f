"""The hash of a body as DKIM makes it (RFC 6376 §3.4.4), in one pass over chunks of any size."""

import hashlib
import re
from collections.abc import Iterable, Iterator

CRLF = b"\r\n"
# A line may go on with these in the next chunk, or end there and lose them.
UNSURE = (b" \r", b" ", b"\r")
_BLANKS = re.compile(rb"  +")
_TAB_IS_BLANK = bytes.maketrans(b"\t", b" ")


def relaxed_hash(body: Iterable[bytes]) -> bytes:
    """Return the SHA-256 of a canonical body, relaxed."""
    made = hashlib.sha256()
    for piece in relaxed(body):
        made.update(piece)
    return made.digest()


def relaxed(body: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a body with blanks squeezed, and without empty lines at its end."""
    waiting, ends, begun = b"", 0, False
    for chunk in body:
        text = _squeezed(waiting + chunk)
        waiting = next((each for each in UNSURE if text.endswith(each)), b"")
        lines = text.removesuffix(waiting)
        kept = lines.rstrip(CRLF)
        if kept:
            yield CRLF * ends + kept
            begun, ends = True, 0
        ends += (len(lines) - len(kept)) // len(CRLF)
    if begun:
        yield CRLF


def _squeezed(text: bytes) -> bytes:
    text = text.translate(_TAB_IS_BLANK)
    if b"  " in text:
        text = _BLANKS.sub(b" ", text)
    return text.replace(b" \r\n", CRLF)
