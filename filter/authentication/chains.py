"""ARC (RFC 8617): what a forwarder saw before it changed the mail; believed of listed ones only.

Anybody can seal a mail and claim what they like in it, so a chain means something only where the
operator names the sealers to believe.
"""

from collections.abc import Collection
from typing import Any

from filter.authentication.questions import Questions
from filter.authentication.signatures import (
    FAIL,
    LONGEST_HEAD,
    MOST_SIGNED,
    NEUTRAL,
    PASS,
    Fields,
    Signed,
    tags_of,
)
from mailstore.addresses import ascii_domain

SEAL = b"arc-seal"
SIGNED = frozenset({SEAL, b"arc-message-signature"})
MOST_SETS = 10
MOST_HASHED = 50 * 2**20


def check_arc(
    raw: bytes, author_domain: str, sealers: Collection[str], questions: Questions
) -> tuple[str, bool]:
    """Return the result of the chain, and whether a listed sealer proves the author by it.

    Without a chain that is `none`, and nothing is asked; nothing is raised.
    """
    if SEAL not in raw[:LONGEST_HEAD].lower():
        return "none", False
    signed = Signed.of(raw)
    sets = _sets(signed.fields) if signed else 0
    if signed is None or sets == 0:
        return "none", False
    if sets > MOST_SETS or sets * len(signed.body) > MOST_HASHED or not _readable(signed.fields):
        return FAIL, False
    valid, found = _verified(signed, questions)
    return valid, valid == PASS and _is_proven(found, author_domain, sealers)


def _sets(fields: Fields) -> int:
    numbers = [tags_of(value).get("i", "") for name, value in fields if name.lower() == SEAL]
    return max((int(each[:3]) for each in numbers if each.isascii() and each.isdigit()), default=0)


def _readable(fields: Fields) -> bool:
    """Whether each field of the chain signs all of the body, and is no longer than usual."""
    found = [tags_of(value) for name, value in fields if name.lower() in SIGNED]
    return all(
        tags and "l" not in tags and tags.get("h", "").count(":") < MOST_SIGNED for tags in found
    )


def _verified(signed: Signed, questions: Questions) -> tuple[str, list[dict[str, Any]]]:
    from filter.authentication.mathematics import chain  # noqa: PLC0415 (sealed mail only)

    silent = False

    def look_up(name: bytes, **_: object) -> bytes | None:
        nonlocal silent
        keys = questions.text(name.decode("latin-1"))
        silent = silent or keys is None
        return keys[0].encode("latin-1", "replace") if keys else None

    work, _ = chain()
    work.headers = [list(each) for each in signed.fields]
    work.body = signed.body
    try:
        valid, found, _ = work.verify(dnsfunc=look_up)
    except Exception:  # noqa: BLE001 (an edge: a library reads what anybody may write)
        return FAIL, []
    if valid == b"pass":
        return PASS, found
    return (NEUTRAL if silent else FAIL), []


def _is_proven(found: list[dict[str, Any]], author_domain: str, sealers: Collection[str]) -> bool:
    """Whether the newest sealers are listed, up to one that says that DMARC passed."""
    for each in found:  # newest first
        if ascii_domain(each["as-domain"].decode("latin-1")) not in sealers:
            return False
        if says_dmarc_pass(each["aar-value"].decode("latin-1"), author_domain):
            return True
    return False


def says_dmarc_pass(text: str, author_domain: str) -> bool:
    """Whether results say that DMARC passed for this very domain (RFC 8617 §4.1.1)."""
    for piece in _without_comments(text).split(";"):
        words = piece.lower().split()
        if words[:1] == ["dmarc=pass"] and f"header.from={author_domain}" in words:
            return True
    return False


def _without_comments(text: str) -> str:
    """Return results without comments and quoted texts, in which anything may stand."""
    out: list[str] = []
    depth, quoted, literal = 0, False, False
    for char in text:
        if literal:
            literal = False
        elif char == "\\" and (depth or quoted):
            literal = True
        elif char == '"' and not depth:
            quoted = not quoted
        elif not quoted and char in "()":
            depth = max(depth + (1 if char == "(" else -1), 0)
        elif not depth and not quoted:
            out.append(char)
    return "".join(out)
