"""DKIM signatures (RFC 6376) on what Mailhafen itself writes, and on nobody else's mail.

They are made when a mail is handed on, with the key of that moment. What cannot be signed goes
out unsigned: a log line says so, and no mail is lost for it.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import structlog

from filter.authentication.questions import ascii_domain
from filter.authentication.signatures import Signed
from mailstore.errors import Misconfigured
from mailstore.settings import PREFIX, Settings

log = structlog.get_logger()

EXPIRES_SECONDS = 14 * 24 * 3600
RELAXED = b"relaxed"
# What RFC 6376 §5.4.1 names, and RFC 8058 §4 demands. Each is named once more than it is there,
# or is named though it is not: nobody can add a second one (RFC 6376 §8.15).
FIELDS = (b"from", b"to", b"cc", b"reply-to", b"subject", b"date", b"message-id", b"mime-version",
          b"content-type", b"content-transfer-encoding", b"auto-submitted",
          b"list-unsubscribe", b"list-unsubscribe-post")  # fmt: skip
# dkimpy 1.1.8 folds longer words in their middle.
LONGEST_NAME = 64


def signed(settings: Settings, plain: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a mail of ours under our signature, or as it is where it cannot be signed."""
    content = b"".join(plain)
    yield signature(settings, content)
    yield content


def signature(settings: Settings, content: bytes) -> bytes:
    """Return the field that signs a mail of ours; empty, with a warning, where that fails."""
    try:
        return _made(settings, content)
    except Exception as error:  # noqa: BLE001 (an edge: a library reads the operator's key)
        log.warning("mail_unsigned", error=type(error).__name__)
        return b""


def names(settings: Settings) -> tuple[str, str]:
    """Return selector and domain as DNS knows them; raises Misconfigured."""
    selector, domain = ascii_domain(settings.dkim_selector), ascii_domain(settings.dkim_domain)
    if not selector or not domain or max(len(selector), len(domain)) > LONGEST_NAME:
        raise Misconfigured(
            f"{PREFIX}DKIM_SELECTOR and the domain of {PREFIX}REPORT_FROM must be names of at most "
            f"{LONGEST_NAME} characters."
        )
    return selector, domain


def key_of(settings: Settings) -> bytes:
    """Return the key as its file has it now; raises OSError and Misconfigured."""
    return key_in(settings.dkim_file)


def key_in(path: Path) -> bytes:
    """Return a key (PEM) as its file has it now; raises OSError."""
    return _read(path, path.stat().st_mtime_ns)


def _made(settings: Settings, content: bytes) -> bytes:
    from filter.authentication.mathematics import signer  # noqa: PLC0415 (5 MB: where mail is signed only)

    parts, (selector, domain) = Signed.of(content), names(settings)
    if parts is None:
        raise ValueError("the header is too large")
    work = signer(EXPIRES_SECONDS)
    work.headers = [list(each) for each in parts.fields]
    work.body = parts.body
    present = [name.lower() for name, _ in parts.fields]
    made: bytes = work.sign(
        selector.encode(),
        domain.encode(),
        key_of(settings),
        canonicalize=(RELAXED, RELAXED),
        include_headers=[name for name in FIELDS for _ in range(present.count(name) + 1)],
    )
    return made


@lru_cache(maxsize=2)
def _read(path: Path, _changed_at: int) -> bytes:
    return path.read_bytes()
