"""rspamd: a mail is posted to its /checkv2, and its score is read as a share of what it rejects at.

Recipients are not told: a mail is scanned once for all of them.
"""

import json
import math
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from filter.rules.outside_engines import RSPAMD_PROBABLY, RSPAMD_SPAM
from filter.scanners.engine import Question, Unanswered
from mailstore.envelopes import Symbol
from mailstore.errors import BadName

if TYPE_CHECKING:
    import httpx

# rspamd marks from 6 and rejects from 15 by default: the share stays when it is tuned.
PROBABLY_FROM = 6 / 15
REJECTS = "reject"
LONGEST_REPLY = 2**20
LONGEST_HEADER = 300


class Rspamd:
    """A normal worker of rspamd at an address of the web."""

    name = "rspamd"

    def __init__(self, url: str) -> None:
        """Raise BadName for what is no such address."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise BadName(f"'{url}' is not http://HOST:PORT.")
        self._url = url.rstrip("/")
        self._client: httpx.AsyncClient | None = None

    async def ask(self, question: Question) -> Sequence[Symbol]:
        """Return whether it calls a mail spam, with its score."""
        headers = _headers(question)
        said, _ = await self._said("POST", "/checkv2", headers, _stream(question))
        return _symbols(said)

    async def version(self) -> str:
        """Return the name and version of the server."""
        said, server = await self._said("GET", "/ping")
        if said.strip() != b"pong":
            raise Unanswered("not the reply of an rspamd")
        return server or "rspamd"

    async def _said(
        self,
        method: str,
        path: str,
        headers: dict[bytes, bytes] | None = None,
        content: AsyncIterator[bytes] | None = None,
    ) -> tuple[bytes, str]:
        """Return the body of a reply, and who gave it."""
        import httpx  # noqa: PLC0415 (half a relay's start, and most have no rspamd)

        said = bytearray()
        try:
            async with self._open().stream(
                method, self._url + path, headers=headers, content=content
            ) as reply:
                if reply.status_code != httpx.codes.OK:
                    raise Unanswered(f"HTTP status {reply.status_code}")
                async for chunk in reply.aiter_raw():
                    said += chunk
                    if len(said) > LONGEST_REPLY:
                        raise Unanswered("a reply without an end")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unanswered(_why(error)) from error
        return bytes(said), reply.headers.get("Server", "")

    def _open(self) -> "httpx.AsyncClient":
        import httpx  # noqa: PLC0415 (as above)

        if self._client is None:
            # A connection that was kept may be closed under our hands, and a mail be held for it.
            self._client = httpx.AsyncClient(
                limits=httpx.Limits(max_keepalive_connections=0),
                timeout=None,  # noqa: S113 (the whole question has its time)
                trust_env=False,
                headers={"Accept-Encoding": "identity"},
            )
        return self._client


async def _stream(question: Question) -> AsyncIterator[bytes]:
    for chunk in question.chunks():
        yield chunk


def _headers(question: Question) -> dict[bytes, bytes]:
    client = question.client
    told = {
        b"IP": client.ip,
        b"Helo": client.helo,
        b"From": str(question.sender or ""),
        b"User": client.user or "",
        b"Content-Length": str(question.size),
    }
    return {name: plain for name, text in told.items() if (plain := _plain(text))}


def _plain(text: str) -> bytes:
    """Return what a header may hold of a text that a stranger wrote."""
    printable = "".join(each if each.isprintable() else "?" for each in text[:LONGEST_HEADER])
    return printable.strip().encode("utf-8", "replace")


def _why(error: Exception) -> str:
    return str(error)[:100] or type(error).__name__


def _symbols(said: bytes) -> list[Symbol]:
    try:
        result = json.loads(said)
    except (ValueError, RecursionError) as error:
        raise Unanswered("not JSON") from error
    match result:
        case {"score": int() | float() as score, "required_score": int() | float() as required}:
            return _judged(result.get("action"), score, required)
        case _:
            raise Unanswered("a reply without a score")


def _judged(action: Any, score: float, required: float) -> list[Symbol]:
    if not math.isfinite(score) or not math.isfinite(required) or required <= 0:
        raise Unanswered("a score that is no number")
    detail = f"{score:.1f} of {required:.1f}"
    if action == REJECTS or score >= required:
        return [Symbol(RSPAMD_SPAM, detail)]
    return [Symbol(RSPAMD_PROBABLY, detail)] if score >= PROBABLY_FROM * required else []
