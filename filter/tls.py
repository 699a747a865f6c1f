"""Our certificate for STARTTLS: read again when its files change, kept when they do not fit."""

import ssl
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from cryptography import x509

from mailstore.errors import Misconfigured

log = structlog.get_logger()

LOOK_EVERY = 1.0
UNUSABLE = (OSError, ValueError)  # ssl.SSLError is an OSError

Stamp = tuple[tuple[int, int, int] | None, ...]


class Certificate:
    """A certificate chain and its key, as they lie in two PEM files now."""

    def __init__(self, chain: Path, key: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Load both files, or raise Misconfigured."""
        self._files, self._clock = (chain, key), clock
        self._stamp, self._looked_at = _stamp(self._files), clock()
        try:
            self._context, self._expires_at = _load(chain, key)
        except UNUSABLE as error:
            raise Misconfigured(f"{chain} and {key} cannot be used: {_why(error)}.") from error

    @property
    def context(self) -> ssl.SSLContext:
        """What the next handshake needs; from before as long as changed files cannot be used."""
        self._look()
        return self._context

    @property
    def expires_at(self) -> datetime:
        """When the certificate of the next handshake ends."""
        self._look()
        return self._expires_at

    def _look(self) -> None:
        now = self._clock()
        if now - self._looked_at < LOOK_EVERY:
            return
        self._looked_at = now
        stamp = _stamp(self._files)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._context, self._expires_at = _load(*self._files)
        except UNUSABLE as error:
            log.warning("certificate_unusable", file=str(self._files[0]), why=_why(error))
        else:
            log.info("certificate_loaded", expires_at=self._expires_at.isoformat())


def _load(chain: Path, key: Path) -> tuple[ssl.SSLContext, datetime]:
    leaf = x509.load_pem_x509_certificates(chain.read_bytes())[0]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    # Without an answer of ours OpenSSL would ask the terminal for the password of a locked key.
    context.load_cert_chain(chain, key, password="")
    return context, leaf.not_valid_after_utc


def _stamp(files: tuple[Path, Path]) -> Stamp:
    return tuple(map(_stamp_of, files))


def _stamp_of(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _why(error: Exception) -> str:
    """Return a sentence's end for an operator, without what the files hold."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not a certificate and its key").replace("_", " ").lower()
    if isinstance(error, OSError):
        return error.strerror or "cannot be read"
    return "not a certificate"
