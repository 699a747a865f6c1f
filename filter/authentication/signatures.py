"""DKIM (RFC 6376, RFC 8463): which domains take responsibility for this very content.

A signature that anybody could stretch or forge proves nothing: `l=` lets text be added (RFC 6376
§8.2), SHA-1 and keys below 1024 bits are broken (RFC 8301). Such a signature fails, and a
comment says why. dkimpy does the mathematics and is imported for signed mail only.
"""

import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filter.authentication.questions import Questions, related
from mailstore.mime import head_of, header_fields

if TYPE_CHECKING:
    import dkim

MOST_VERIFIED = 8
CPU_SECONDS = 4.0
LONGEST_HEAD, MOST_FIELDS = 2**18, 1000
LONGEST_SIGNATURE, MOST_SIGNED = 2**13, 200
SIGNATURE = b"dkim-signature"
# RFC 5322 §3.6 and RFC 2045 §3: what a mail has once, and what people see of it depends on.
ONCE = frozenset(
    {"subject", "date", "to", "cc", "sender", "reply-to", "message-id", "in-reply-to", "references"}
    | {"mime-version", "content-type", "content-transfer-encoding"}
)
PASS, FAIL, NEUTRAL = "pass", "fail", "neutral"
TEMPERROR, PERMERROR = "temperror", "permerror"
START = 8
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_BLANKS = re.compile(rb"\s+")
# dkimpy's expressions take quadratic time on what nobody writes.
_LONG_BLANK = re.compile(rb"\s{200}")

Fields = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature and what came of it; `start` is the beginning of its value."""

    domain: str
    selector: str
    start: str
    result: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """A mail as signatures see it: fields with their names as written, and the body."""

    fields: Fields
    body: bytes

    @classmethod
    def of(cls, raw: bytes) -> "Signed | None":
        """Return the parts of a mail; None where its header is larger than anybody's."""
        head = head_of(raw)
        if len(head) > LONGEST_HEAD:
            return None
        fields = tuple(_split(head[start:end]) for start, end, _ in header_fields(head))
        return cls(fields, raw[len(head) + 2 :]) if len(fields) <= MOST_FIELDS else None


def check_dkim(raw: bytes, author_domain: str, questions: Questions) -> tuple[Signature, ...]:
    """Return what came of the signatures, of eight at most: those of the author's domain first.

    A key that cannot be looked up now is a temporary error; nothing is raised.
    """
    if SIGNATURE not in raw[:LONGEST_HEAD].lower():
        return ()
    signed = Signed.of(raw)
    if signed is None:
        return ()
    end = time.process_time() + CPU_SECONDS
    found = _in_order(signed.fields, author_domain)
    return tuple(
        _verified(signed, index, tags, questions)
        if time.process_time() < end
        else _signature(tags, NEUTRAL, "not tried")
        for index, tags in found[:MOST_VERIFIED]
    )


def _in_order(fields: Fields, author_domain: str) -> list[tuple[int, dict[str, str]]]:
    """Return the place and tags of signatures, those that could prove the author first."""
    values = [value for name, value in fields if name.lower() == SIGNATURE]
    read = [(index, tags_of(value)) for index, value in enumerate(values)]
    return sorted(read, key=lambda each: not related(_domain(each[1]), author_domain))


def tags_of(value: bytes) -> dict[str, str]:
    """Return the tags of a signature (RFC 6376 §3.2), without blanks; empty if too long."""
    if len(value) > LONGEST_SIGNATURE or _LONG_BLANK.search(value):
        return {}
    text = _BLANKS.sub(b"", value).decode("latin-1")
    pairs = (piece.partition("=") for piece in text.split(";") if piece)
    return {name: worth for name, _, worth in pairs}


def _domain(tags: dict[str, str]) -> str:
    return tags.get("d", "").lower()


def _signature(tags: dict[str, str], result: str, comment: str = "") -> Signature:
    start = tags.get("b", "")[:START]
    return Signature(_domain(tags), tags.get("s", ""), start, result, comment)


def _verified(signed: Signed, index: int, tags: dict[str, str], questions: Questions) -> Signature:
    weak = weakness(tags, time.time())
    if weak:
        return _signature(tags, *weak)
    if _was_added(signed.fields, tags):
        return _signature(tags, FAIL, "a field was added")
    keys = questions.text(f"{tags['s']}._domainkey.{_domain(tags)}")
    if keys is None:
        return _signature(tags, TEMPERROR, "the key cannot be looked up now")
    if wrong := key_trouble(keys, tags):
        return _signature(tags, PERMERROR, wrong)
    return _signature(tags, *_computed(signed, index, tags, keys[0]))


def weakness(tags: dict[str, str], now: float) -> tuple[str, str] | None:
    """Return result and comment of a signature that cannot count, whatever its key says."""
    names = ("d", "s")
    if not all(_DOMAIN.fullmatch(tags.get(name, "")) for name in names):
        return PERMERROR, "no domain or selector"
    if "l" in tags:
        return FAIL, "signs only a part"
    if tags.get("a", "").lower() == "rsa-sha1":
        return FAIL, "SHA-1 is broken"
    signed = tags.get("h", "").lower().split(":")
    if "from" not in signed or len(signed) > MOST_SIGNED:
        return PERMERROR, "does not sign From"
    expires = tags.get("x", "")
    if expires and not (expires.isascii() and expires.isdigit() and int(expires[:15]) >= now):
        return FAIL, "expired"
    return None


def _was_added(fields: Fields, tags: dict[str, str]) -> bool:
    """Whether a field stands there more often than it was signed, and people see the other one.

    RFC 6376 §8.15: a verifier reads from below, programs show the first.
    """
    there = Counter(name.lower().decode("latin-1") for name, _ in fields)
    signed = Counter(tags["h"].lower().split(":"))
    return any(there[name] > max(signed[name], 1) for name in ONCE & signed.keys())


def key_trouble(keys: Iterable[str], tags: dict[str, str]) -> str:
    """Return why a key record cannot be used (RFC 6376 §3.6.1), or an empty text."""
    first = next(iter(keys), None)
    if first is None:
        return "no key"
    key = tags_of(first.encode("latin-1", "replace"))
    hashes = key.get("h", "sha256").split(":")
    if not key.get("p"):
        return "the key was revoked"
    if "sha256" not in hashes:
        return "the key is not for this"
    of = tags.get("i", "").rpartition("@")[2].lower()
    strict = "s" in key.get("t", "").split(":")
    if strict and of and of != _domain(tags):
        return "the key is not for subdomains"
    return ""


def _computed(signed: Signed, index: int, tags: dict[str, str], key: str) -> tuple[str, str]:
    """Return result and comment of the mathematics."""
    from filter.authentication.mathematics import verifier  # noqa: PLC0415 (50 ms, 5 MB: signed mail only)

    names = {name.encode("latin-1") for name in tags["h"].lower().split(":")} | {SIGNATURE}
    work, errors = verifier()
    work.headers = [list(each) for each in signed.fields if each[0].lower() in names]
    work.body = signed.body
    return _outcome(work, errors, index, key)


def _outcome(work: "dkim.DKIM", errors: type[Exception], index: int, key: str) -> tuple[str, str]:
    try:
        good = work.verify(index, dnsfunc=lambda _name, **_: key.encode("latin-1", "replace"))
    except errors as error:
        return _why(str(error))
    except Exception:  # noqa: BLE001 (an edge: a library reads what anybody may write)
        return PERMERROR, "cannot be read"
    return (PASS, "") if good else (FAIL, "does not fit the content")


def _why(error: str) -> tuple[str, str]:
    if "too small" in error:
        return FAIL, "the key is too short"
    if "hash mismatch" in error:
        return FAIL, "the body was changed"
    return PERMERROR, "cannot be read"


def _split(field: bytes) -> tuple[bytes, bytes]:
    name, _, value = field.partition(b":")
    return name, value if value.endswith(b"\r\n") else value + b"\r\n"
