"""Files in what somebody writes: those they choose, and those of a mail they hand on."""

from collections.abc import Iterable, Iterator, Sequence
from io import SEEK_END
from typing import IO, Any

from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from mailstore.deliveries import Delivery
from mailstore.writing import attached
from mailstore.writing.composing import ANY_TYPE, file_name, media_type
from mailstore.writing.rows import Draft, DraftFile
from portal.access import store
from portal.content import reading
from portal.webmail.files import is_withheld

CHUNK = 2**18

# Name, type, size and bytes of each.
Files = Iterable[tuple[str, str, int, Iterator[bytes]]]


def of(draft: Draft) -> Sequence[DraftFile]:
    """Return the files of a draft, those that came with this very request too."""
    with store().read() as db:
        return attached.of(db, draft)


def of_mail(delivery: Delivery) -> Files:
    """Return the files of a mail; none of one that no scanner has looked at."""
    if is_withheld(delivery):
        return ()
    return (
        (name, ANY_TYPE, len(content), iter([content]))
        for name, content in reading.attachments(delivery.message)
    )


def attach(draft: Draft, chosen: Sequence[FileStorage]) -> str:
    """Add files that were chosen to a draft; returns what is wrong, if anything is."""
    named = [each for each in chosen if each.filename]
    return put(
        draft,
        (
            (each.filename or "", each.mimetype, _size(each.stream), _chunks(each.stream))
            for each in named
        ),
    )


def put(draft: Draft, files: Files) -> str:
    """Add files to a draft as long as there is room; returns what is wrong, if anything is."""
    left = []
    for name, kind, size, chunks in files:
        shown = file_name(name)
        # What does not fit is not stored at all.
        if size > _room(draft):
            left.append(shown)
            continue
        stored = attached.put_in_pack(store(), draft, chunks)
        with store().write() as db:
            attached.add(db, draft, shown, media_type(kind), stored)
    return _("Too large to go along: %(names)s", names=", ".join(left)) if left else ""


def remove(draft: Draft, number: str) -> None:
    """Take a file out of a draft."""
    if number.isascii() and number.isdigit():
        with store().write() as db:
            attached.remove(db, draft, int(number[:18]))


def _room(draft: Draft) -> int:
    with store().read() as db:
        return attached.room(db, draft, store().settings.max_message_bytes)


def _size(stream: IO[Any]) -> int:
    size = stream.seek(0, SEEK_END)
    stream.seek(0)
    return size


def _chunks(stream: IO[Any]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk
