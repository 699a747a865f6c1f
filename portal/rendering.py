"""The child's side of reading mail: what a page shows, and single attachments."""

import base64
from dataclasses import asdict, replace
from html import unescape
from typing import Any

from mailstore.mime import Mail, Part, head_of, text_of
from mailstore.sandbox_child import Ask
from portal.hosts import tell_hosts
from portal.outline import wants_pictures
from portal.sanitize import TooComplex, clean_html

LONGEST_TEXT = 512 * 1024
LONGEST_SOURCE = 256 * 1024
SHOWN_FIELDS = ("From", "To", "Cc", "Date", "Subject", "Reply-To")


def read(_args: Any, raw: bytes, _ask: Ask) -> dict[str, Any]:
    """Return the fields, the text and the list of attachments of a mail."""
    mail = Mail(raw)
    return {
        "fields": {name: ", ".join(mail.headers(name)) for name in SHOWN_FIELDS},
        "text": mail.text[:LONGEST_TEXT],
        "has_html": bool(mail.html),
        "remote": wants_pictures(mail.html),
        "attachments": [_described(part) for part in mail.attachments if not _inline(part)],
    }


def body(args: Any, raw: bytes, _ask: Ask) -> dict[str, Any]:
    """Return the HTML of a mail made harmless; no `html` where that would be too much.

    The arguments say whether pictures from elsewhere stay, and whether links lead anywhere.
    """
    mail = Mail(raw)
    pictures = {
        part.content_id: (part.content_type, part.content())
        for part in mail.parts
        if part.content_id
    }
    try:
        cleaned = clean_html(mail.html, pictures, remote=args["remote"])
    except TooComplex:
        return {"html": ""}
    html = tell_hosts(cleaned.html) if args["links"] else cleaned.html
    return asdict(replace(cleaned, html=html))


def plain(_args: Any, raw: bytes, _ask: Ask) -> str:
    """Return the text of a mail, or else the words of its HTML."""
    mail = Mail(raw)
    return (mail.text or unescape(text_of(mail.html)))[:LONGEST_TEXT]


def attachment(args: Any, raw: bytes, _ask: Ask) -> dict[str, Any]:
    """Return one part as bytes (base64) with its name."""
    part = Mail(raw).part(int(args))
    if part is None:
        return {"content": None, "name": ""}
    return {"content": base64.b64encode(part.content()).decode(), "name": _name(part)}


def source(_args: Any, raw: bytes, _ask: Ask) -> dict[str, Any]:
    """Return the beginning of the mail as it came, readable whatever is in it."""
    head = head_of(raw)
    return {"head": _readable(head), "body": _readable(raw[len(head) :])}


def _readable(raw: bytes) -> str:
    return raw[:LONGEST_SOURCE].decode("utf-8", "replace")


def _described(part: Part) -> dict[str, Any]:
    return {"number": part.number, "name": _name(part), "size": len(part.content())}


def _name(part: Part) -> str:
    return part.name or f"{part.content_type.replace('/', '-')}-{part.number}"


def _inline(part: Part) -> bool:
    said = str(part.message.get("Content-Disposition", "")).lower()
    return bool(part.content_id) and not said.startswith("attachment")


SERVED = {"read": read, "body": body, "plain": plain, "attachment": attachment, "source": source}
