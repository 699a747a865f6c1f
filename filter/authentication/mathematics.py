"""dkimpy, made safe for mail of strangers; imported only where a mail is signed or sealed."""

from typing import Any

import dkim
import dkim.canonicalization


def _strip_trailing(content: bytes) -> bytes:
    squeezed: bytes = dkim.canonicalization.compress_whitespace(content)
    return squeezed.replace(b" \r\n", b"\r\n")


# dkimpy 1.1.8 looks for blanks at the end of lines with an expression that takes quadratic time
# on a long line of blanks. What comes of it is squeezed next anyway: do that first.
dkim.canonicalization.strip_trailing_whitespace = _strip_trailing


def verifier() -> tuple[Any, type[Exception]]:
    """Return what verifies a signature once headers and body are set, and what it raises."""
    return dkim.DKIM(), dkim.DKIMException


def chain() -> tuple[Any, type[Exception]]:
    """Return what verifies and makes ARC sets once headers and body are set (RFC 8617)."""
    return dkim.ARC(), dkim.DKIMException
