"""The child's side of reading mail: what a page shows, and single attachments."""

import base64
from dataclasses import asdict, replace
from html import unescape
from typing import Any

from mailstore.mime import Mail, head_of, text_of
from mailstore.sandbox_child import Ask
from portal.content import notes
from portal.content.attachments import File, files_of
from portal.content.calendars import appointments_in
from portal.content.contacts import contacts_in
from portal.content.hosts import tell_hosts
from portal.content.outline import wants_pictures
from portal.content.sanitize import Cleaned, TooComplex, clean_html

LONGEST_TEXT = 512 * 1024
LONGEST_SOURCE = 256 * 1024
LONGEST_QUOTED, MOST_PEOPLE = 64 * 1024, 200
# In base64 it must fit one reply of the child.
MOST_TOGETHER = 16 * 2**20
SHOWN_FIELDS = ("From", "To", "Cc", "Date", "Subject", "Reply-To")


def read(_args: Any, raw: bytes, _ask: Ask) -> dict[str, Any]:
    """Return the fields, the text and the list of attachments of a mail."""
    mail = Mail(raw)
    files = files_of(raw, mail)
    return {
        "fields": {name: ", ".join(mail.headers(name)) for name in SHOWN_FIELDS},
        "text": mail.text[:LONGEST_TEXT],
        "has_html": bool(mail.html),
        "remote": wants_pictures(mail.html),
        "attachments": [_described(each) for each in files],
        "cards": [*appointments_in(files), *contacts_in(files)],
        "notes": notes.of(mail),
    }


def body(args: Any, raw: bytes, _ask: Ask) -> dict[str, Any]:
    """Return the HTML of a mail made harmless; its text where that takes too long or is too much.

    The arguments say how many seconds it may take, whether pictures from elsewhere stay, and
    whether links lead anywhere.
    """
    mail = Mail(raw)
    try:
        cleaned = _cleaned(mail, args)
    except TooComplex:
        cleaned = None
    return asdict(cleaned) if cleaned and cleaned.html else {"text": _text(mail)}


def _cleaned(mail: Mail, args: Any) -> Cleaned:
    pictures = {
        part.content_id: (part.content_type, part.content())
        for part in mail.parts
        if part.content_id
    }
    cleaned = clean_html(mail.html, pictures, remote=args["remote"], seconds=args["seconds"])
    return replace(cleaned, html=tell_hosts(cleaned.html)) if args["links"] else cleaned


def plain(_args: Any, raw: bytes, _ask: Ask) -> str:
    """Return the text of a mail, or else the words of its HTML."""
    return _text(Mail(raw))


def _text(mail: Mail) -> str:
    return (mail.text or unescape(text_of(mail.html)))[:LONGEST_TEXT]


def answered(_args: Any, raw: bytes, _ask: Ask) -> dict[str, Any]:
    """Return what an answer to a mail, or whoever hands it on, needs of it."""
    mail = Mail(raw)
    said = {name.lower(): _people(mail, name) for name in ("From", "Reply-To", "To", "Cc")}
    names = ("Message-ID", "References", "In-Reply-To", "Subject", "Date")
    fields = {name.lower(): mail.header(name) for name in names}
    return {"people": said, "fields": fields, "text": _text(mail)[:LONGEST_QUOTED]}


def _people(mail: Mail, name: str) -> list[tuple[str, str]]:
    return [(said, str(address)) for said, address in mail.people(name)[:MOST_PEOPLE]]


def attachment(args: Any, raw: bytes, _ask: Ask) -> dict[str, Any] | None:
    """Return the file with this number, its bytes in base64; None if there is none."""
    found = (each for each in files_of(raw) if each.number == args)
    return next(map(_whole, found), None)


def attachments(args: Any, raw: bytes, _ask: Ask) -> dict[str, Any]:
    """Return files from one on, as many as a reply takes, and where it goes on, or None."""
    files, sent = files_of(raw), 0
    for at in range(args, len(files)):
        sent += len(files[at].content)
        if sent > MOST_TOGETHER and at > args:
            return {"files": list(map(_whole, files[args:at])), "next": at}
    return {"files": list(map(_whole, files[args:])), "next": None}


def source(_args: Any, raw: bytes, _ask: Ask) -> dict[str, Any]:
    """Return the beginning of the mail as it came, readable whatever is in it."""
    head = head_of(raw)
    return {"head": _readable(head), "body": _readable(raw[len(head) :])}


def _readable(raw: bytes) -> str:
    return raw[:LONGEST_SOURCE].decode("utf-8", "replace")


def _described(file: File) -> dict[str, Any]:
    size = len(file.content)
    return {"number": file.number, "name": file.name, "size": size, "risky": file.risky}


def _whole(file: File) -> dict[str, Any]:
    return {"name": file.name, "content": base64.b64encode(file.content).decode()}


SERVED = {
    "read": read,
    "answered": answered,
    "body": body,
    "plain": plain,
    "attachment": attachment,
    "attachments": attachments,
    "source": source,
}
