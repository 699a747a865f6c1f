"""dkimpy, made safe for mail of strangers; imported only where a mail is signed or sealed.

Children that verify mail have no use for the library of keys, and never load it.
"""

import base64
from functools import lru_cache
from typing import Any

import dkim
import dkim.canonicalization


def _strip_trailing(content: bytes) -> bytes:
    squeezed: bytes = dkim.canonicalization.compress_whitespace(content)
    return squeezed.replace(b" \r\n", b"\r\n")


# dkimpy 1.1.8 looks for blanks at the end of lines with an expression that takes quadratic time
# on a long line of blanks. What comes of it is squeezed next anyway: do that first.
dkim.canonicalization.strip_trailing_whitespace = _strip_trailing


def _private_key(key: Any) -> Any:
    """Return a key that may be read from PEM already."""
    return _read(key) if isinstance(key, bytes) else key


@lru_cache(maxsize=2)
def _read(pem: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415  # not for children

    return load_pem_private_key(pem, None)


def _rsa_signature(hasher: Any, key: Any) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415  # not for children
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed  # noqa: PLC0415  # not for children
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415  # not for children

    made: bytes = key.sign(hasher.digest(), PKCS1v15(), Prehashed(SHA256()))
    return made


# The RSA of dkimpy 1.1.8 is Python: 6 ms for a key of 2048 bits, in the loop that hands mail on.
dkim.parse_pem_private_key = _private_key
dkim.RSASSA_PKCS1_v1_5_sign = _rsa_signature


def verifier() -> tuple[Any, type[Exception]]:
    """Return what verifies a signature once headers and body are set, and what it raises."""
    return dkim.DKIM(), dkim.DKIMException


def signer(seconds: int, body_hash: bytes) -> Any:
    """Return what makes a signature that counts for so long, once headers are set."""
    made = _Expiring()
    made.seconds, made.body_hash, made.body = seconds, body_hash, b""
    return made


def chain() -> tuple[Any, type[Exception]]:
    """Return what verifies and makes ARC sets once headers and body are set (RFC 8617)."""
    return dkim.ARC(), dkim.DKIMException


class _Expiring(dkim.DKIM):  # type: ignore[misc]  # of dkimpy, which has no types
    """dkimpy 1.1.8 writes no `x=` (RFC 6376 §3.5), and wants the whole body in memory."""

    seconds = 0
    body_hash = b""

    def gen_header(self, fields: list[tuple[bytes, bytes]], *how: Any) -> Any:
        """Write the field with the body's hash, and the time of its end beside that of making."""
        said = dict(fields)
        ends = b"%d" % (int(said[b"t"]) + self.seconds)
        said[b"bh"] = base64.b64encode(self.body_hash)
        at = list(said).index(b"t") + 1
        pairs = list(said.items())
        return super().gen_header([*pairs[:at], (b"x", ends), *pairs[at:]], *how)
