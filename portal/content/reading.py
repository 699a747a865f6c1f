"""Reading a stored mail for a page: the content goes to the sandbox, what comes back is data."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, cast

import bleach
import structlog
from flask import Response, current_app
from markupsafe import Markup, escape

from mailstore.errors import Corrupt, NotFound, SandboxFailed
from mailstore.messages import Message
from portal.access import store
from portal.content.styles import BODY, SCOPE
from portal.content.turns import TURNS
from portal.security import FRAME_POLICY, LINKS_POLICY, PICTURES_POLICY

if TYPE_CHECKING:
    from mailstore.sandbox import Sandbox

log = structlog.get_logger()

RENDERING = "portal.content.rendering"
SECONDS = 4.0
# Cleaning that takes longer is given up for the plain text; a large mail is first to be read. The
# child does so itself, unless it is stuck.
CLEANING_SECONDS, BYTES_A_SECOND, STUCK_SECONDS = 0.8, 15 * 2**20, 0.7
LONGEST_LINKED = 100 * 1024
_BRACKETS = re.compile(r"([<>\"])")
_MAYBE_LINK = re.compile(r"\w\.\w|://")
# Of held mail: links show where they lead, and lead nowhere.
INERT = (
    "a{pointer-events:none!important}a[href]::after{content:' [' attr(href) ']';color:#6b2a00;"
    "font-size:13px;display:inline-block;max-width:32em;overflow:hidden;text-overflow:ellipsis;"
    "white-space:nowrap;vertical-align:bottom}"
)
# As browsers lay out a page: a rule for margins or colours here would win over the attributes of
# the mail's body. What is too wide breaks, or shrinks on a phone.
DOCUMENT = (
    "{doctype}<html><head><meta charset='utf-8'><meta name='viewport' "
    "content='width=device-width'><style>html{{font-family:sans-serif;color-scheme:light}}"
    "body{{overflow-wrap:break-word;unicode-bidi:isolate}}"
    "@media(max-width:480px){{img{{max-width:100%;height:auto}}}}{more}</style>"
    "<style>{sheet}</style></head><body {body}>{html}</body></html>"
)
PLAIN = {"doctype": "<!doctype html>", "sheet": "body{font-size:16px;line-height:1.5}", "body": ""}


SAID = ("fields", "has_html", "remote", "attachments", "cards", "notes")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a page shows of a mail."""

    fields: dict[str, str]
    text: Markup
    has_html: bool
    remote: bool
    attachments: list[dict[str, Any]]
    cards: list[dict[str, Any]]
    notes: list[dict[str, Any]]


def read(message: Message, *, links: bool = False) -> Reading | None:
    """Return a mail for reading, its links to click on only if that is wished.

    None where its content is gone, damaged or too much.
    """
    said = _ask("read", None, message)
    if said is None:
        return None
    text = linked(said["text"]) if links else escape(said["text"])
    return Reading(text=text, **{name: said[name] for name in SAID})


def linked(text: str) -> Markup:
    """Return plain text with its links made clickable, within a size."""
    if len(text) > LONGEST_LINKED:
        return escape(text)
    # What stands in brackets or quotes ends there; bleach would take their entities along.
    return Markup().join(map(_linked_piece, _BRACKETS.split(text)))


def _linked_piece(piece: str) -> Markup:
    if not _MAYBE_LINK.search(piece):
        return escape(piece)
    callbacks = [*bleach.linkifier.DEFAULT_CALLBACKS, _new_window]
    return Markup(bleach.linkify(escape(piece), callbacks=callbacks))  # noqa: S704 (escaped)


def body_response(message: Message, *, links: bool = False, remote: bool = False) -> Response:
    """Return the HTML of a mail as a document of its own that can load and run nothing.

    Its links open windows, and its pictures come from elsewhere, only if that is wished.
    """
    said = _cleaned(message, links=links, remote=remote)
    answer = Response(document(said, links=links), mimetype="text/html")
    policy = LINKS_POLICY if links else FRAME_POLICY
    if remote:
        policy = PICTURES_POLICY
        # Whoever has the pictures learns neither a cookie nor who asks.
        answer.headers["Cross-Origin-Embedder-Policy"] = "credentialless"
    answer.headers["Content-Security-Policy"] = policy
    return answer


def print_response(message: Message, head: str) -> Response:
    """Return a mail as paper shows it: `head`, our own HTML, above its content.

    The mail's rules hold within its own box, which nothing of it leaves.
    """
    said = _cleaned(message, links=True, remote=False)
    sheet = said["sheet"].replace(BODY, f"div{SCOPE}")
    html = f"{head}<div {said['body']}><div style='contain:paint'>{said['html']}</div></div>"
    shown = said | {"sheet": sheet, "body": "", "html": html}
    answer = Response(document(shown, links=True), mimetype="text/html")
    answer.headers["Content-Security-Policy"] = LINKS_POLICY
    return answer


def _cleaned(message: Message, *, links: bool, remote: bool) -> dict[str, str]:
    """Return the HTML of a mail made harmless, or its text where that would be too much."""
    seconds = CLEANING_SECONDS + message.size / BYTES_A_SECOND
    asked = {"links": links, "remote": remote, "seconds": seconds}
    said = _ask("body", asked, message, seconds + STUCK_SECONDS)
    if said is None:
        said = {"text": _ask("plain", None, message) or ""}
    if "html" not in said:
        return PLAIN | {"html": _plain(said["text"], links=links)}
    return cast("dict[str, str]", said)


def document(said: dict[str, str], *, links: bool) -> str:
    """Return what `rendering.body` said of a mail as a document."""
    return DOCUMENT.format(**said, more="" if links else INERT)


def _plain(text: str, *, links: bool) -> str:
    shown = linked(text) if links else escape(text)
    return f"<pre style='white-space:pre-wrap'>{shown.translate(TURNS)}</pre>"


def attachment(message: Message, number: str) -> tuple[str, bytes] | None:
    """Return name and bytes of one attachment; None without it."""
    said = _ask("attachment", number, message)
    return (said["name"], base64.b64decode(said["content"])) if said else None


def attachments(message: Message) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of all attachments, some of them in memory at a time."""
    at: int | None = 0
    while at is not None and (said := _ask("attachments", at, message)):
        for each in said["files"]:
            yield each["name"], base64.b64decode(each["content"])
        at = said["next"]


def answered(message: Message) -> dict[str, Any] | None:
    """Return people, fields and text of a mail for an answer to it; None where it is gone."""
    return cast("dict[str, Any] | None", _ask("answered", None, message))


def source_of(message: Message) -> dict[str, str] | None:
    """Return head and body of a mail as text; None where its content is gone."""
    return cast("dict[str, str] | None", _ask("source", None, message))


def whole(message: Message) -> bytes | None:
    """Return all stored bytes of a mail, or None where they are gone or damaged."""
    try:
        return b"".join(store().content(message))
    except (NotFound, Corrupt) as error:
        log.warning("content_unreadable", message=message.id, error=str(error))
        return None


def _ask(name: str, args: object, message: Message, seconds: float = SECONDS) -> Any:
    sandbox = cast("Sandbox", current_app.extensions["sandbox"])
    content = whole(message)
    if content is None:
        return None
    with TemporaryFile(dir=store().settings.spool_folder) as file:
        file.write(content)
        file.flush()
        try:
            return sandbox.call(name, args, file.fileno(), seconds=seconds)
        except SandboxFailed as error:
            log.warning("rendering_failed", message=message.id, error=str(error))
            return None


def _new_window(attributes: Any, _new: bool = False) -> Any:
    attributes[None, "target"] = "_blank"
    attributes[None, "rel"] = "noopener noreferrer nofollow"
    return attributes
