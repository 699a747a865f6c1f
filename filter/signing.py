"""DKIM signatures (RFC 6376) on mail of our own and of the customers' domains, on nobody else's.

They are made when a mail is handed on, with the keys of that moment. What cannot be signed goes
out unsigned: a log line says so, and no mail is lost or late for it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import structlog

from filter.authentication.bodies import relaxed_hash
from filter.authentication.signatures import LONGEST_HEAD, Fields, Signed
from mailstore.addresses import ascii_domain
from mailstore.errors import BadName, Misconfigured
from mailstore.sending.dkimkeys import SIGNATURES_COUNT, Algorithm
from mailstore.settings import PREFIX, Settings

log = structlog.get_logger()

RELAXED = b"relaxed"
# What RFC 6376 §5.4.1 names. Each is named once more than it is there, or is named though it is
# not: nobody can add a second one (RFC 6376 §8.15).
ALWAYS = (b"from", b"to", b"cc", b"reply-to", b"subject", b"date", b"message-id", b"mime-version",
          b"content-type", b"content-transfer-encoding")  # fmt: skip
# The same where they are there at all: mailing lists add their own. RFC 8058 §4 demands the last.
IF_THERE = (b"in-reply-to", b"references", b"auto-submitted",
            b"list-unsubscribe", b"list-unsubscribe-post")  # fmt: skip
# dkimpy 1.1.8 folds longer words in their middle.
LONGEST_NAME = 64

Content = Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Key:
    """What signs, and where DNS has the other half.

    `private` is PEM or a key that was read for RSA, the seed in base64 for Ed25519.
    """

    domain: str
    selector: str
    algorithm: Algorithm
    private: Any = field(repr=False)


Keys = Callable[[], Sequence[Key]]


def signed(content: Content, keys: Keys) -> Iterator[bytes]:
    """Yield a mail under its signatures, or as it is where it is not or cannot be signed.

    What is signed is read twice, and never held in memory whole.
    """
    yield signatures(content, keys)
    yield from content()


def signatures(content: Content, keys: Keys) -> bytes:
    """Return the fields that sign a mail, the first key's on top.

    Empty where no key signs, and, with a warning, where that fails.
    """
    try:
        found = keys()
        return _made(content, found) if found else b""
    except Exception as error:  # noqa: BLE001 (an edge: a library reads keys and headers)
        log.warning("mail_unsigned", error=type(error).__name__)
        return b""


def own_keys(settings: Settings) -> list[Key]:
    """Return what signs mail of our own; raises Misconfigured and OSError."""
    selector, domain = names(settings)
    return [Key(domain, selector, Algorithm.RSA, key_of(settings))]


def names(settings: Settings) -> tuple[str, str]:
    """Return selector and domain of our own key as DNS knows them; raises Misconfigured."""
    try:
        return name_in_dns(settings.dkim_selector), name_in_dns(settings.dkim_domain)
    except BadName as error:
        whose = f"{PREFIX}DKIM_SELECTOR and the domain of {PREFIX}REPORT_FROM"
        raise Misconfigured(f"{whose}: {error}") from error


def name_in_dns(text: str) -> str:
    """Return a selector or domain as DNS knows it, or raise BadName: a signature cannot say it."""
    name = ascii_domain(text)
    if not name or len(name) > LONGEST_NAME:
        raise BadName(f"'{text}' is no name of at most {LONGEST_NAME} characters.")
    return name


def key_of(settings: Settings) -> bytes:
    """Return the key as its file has it now; raises OSError and Misconfigured."""
    return key_in(settings.dkim_file)


def key_in(path: Path) -> bytes:
    """Return a key (PEM) as its file has it now; raises OSError."""
    return _read(path, path.stat().st_mtime_ns)


def _made(content: Content, keys: Sequence[Key]) -> bytes:
    fields, body = _parts(content())
    present = [name.lower() for name, _ in fields]
    if present.count(b"from") != 1:
        raise ValueError("there is not one author")
    listed = [*ALWAYS, *(name for name in IF_THERE if name in present)]
    covered = [name for name in listed for _ in range(present.count(name) + 1)]
    body_hash = relaxed_hash(body)
    return b"".join(_signature(key, fields, covered, body_hash) for key in keys)


def _signature(key: Key, fields: Fields, covered: list[bytes], body_hash: bytes) -> bytes:
    from filter.authentication.mathematics import signer  # noqa: PLC0415 (5 MB: where mail is signed only)

    work = signer(int(SIGNATURES_COUNT.total_seconds()), body_hash)
    work.headers = [list(each) for each in fields]
    made: bytes = work.sign(
        key.selector.encode(),
        key.domain.encode(),
        key.private,
        signature_algorithm=f"{key.algorithm}-sha256".encode(),
        canonicalize=(RELAXED, RELAXED),
        include_headers=covered,
    )
    return made


def _parts(content: Iterable[bytes]) -> tuple[Fields, Iterator[bytes]]:
    """Return the fields of a mail, and its body in chunks; raises ValueError."""
    chunks, start = iter(content), b""
    for chunk in chunks:
        start += chunk
        if len(start) > LONGEST_HEAD + len(b"\r\n\r\n"):
            break
    parts = Signed.of(start)
    if parts is None:
        raise ValueError("the header is too large")
    return parts.fields, chain((parts.body,), chunks)


@lru_cache(maxsize=2)
def _read(path: Path, _changed_at: int) -> bytes:
    return path.read_bytes()
