"""The child's side of attachments: all files of a mail that its page does not show otherwise.

What Outlook packed into a winmail.dat and what lies in attached mails is listed apart, below the
number of what it lies in: 3.1 is the first file in part 3.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote

from mailstore import tnef
from mailstore.charsets import one_line
from mailstore.filenames import runs
from mailstore.mime import Mail, Part, Sealed, TooComplex
from portal.content.sanitize import LARGEST, LARGEST_PICTURES, PICTURES

MOST_FILES = 1000
DEEPEST_MAIL = 3
SECONDS = 1.0
ENDINGS = {
    "application/pdf": ".pdf", "image/gif": ".gif", "image/jpeg": ".jpg", "image/png": ".png",
    "image/webp": ".webp", "message/rfc822": ".eml", "text/calendar": ".ics", "text/html": ".html",
    "text/plain": ".txt", "text/vcard": ".vcf", "text/x-vcard": ".vcf",
}  # fmt: skip
_MAIL = frozenset({"message/rfc822", "message/global"})
_WINMAIL = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
# The same text once more, for programs other than ours.
_SAME_TEXT = frozenset({"text/x-amp-html", "text/watch-html"})
_HAS_MAIL = re.compile(rb"(?i)message/|multipart/digest")
_INLINE = re.compile(r"(?i)cid:([^\"'\s<>)]{1,500})")


@dataclass(frozen=True, slots=True)
class File:
    """A file of a mail; `risky` says that some program would run it."""

    number: str
    name: str
    content_type: str
    content: bytes
    risky: bool


def files_of(raw: bytes, mail: Mail | None = None) -> list[File]:
    """Return the files of a mail, `mail` being what it was parsed to already; raises TooComplex."""
    if mail is None or _HAS_MAIL.search(raw):
        mail = Mail(raw, Sealed)
    opening = _Opening()
    return list(opening.listed(mail, "", 0))


class _Opening:
    def __init__(self) -> None:
        self._end = time.process_time() + SECONDS
        self._left = MOST_FILES

    def listed(self, mail: Mail, above: str, depth: int) -> Iterator[File]:
        """Yield the files of a mail; of an attached one only what was attached to it."""
        hidden = _hidden(mail)
        for part in mail.parts:
            if part.number in hidden or not (part.attached if depth else _is_left(part)):
                continue
            number = f"{above}{part.number}"
            inner = self._of_winmail(part, number) if part.content_type in _WINMAIL else []
            yield from inner or self._of_part(part, number, depth)

    def _of_part(self, part: Part, number: str, depth: int) -> Iterator[File]:
        content = part.content()
        forwarded = _forwarded(content) if part.content_type in _MAIL else None
        name = _named(part, number)
        if forwarded and (subject := forwarded.header("Subject")):
            name = f"{subject}.eml"
        risky = any(map(runs, part.names or (name,)))
        yield File(number, name, part.content_type, content, risky)
        if forwarded and depth < DEEPEST_MAIL and time.process_time() < self._end:
            yield from self.listed(forwarded, f"{number}.", depth + 1)

    def _of_winmail(self, part: Part, number: str) -> Sequence[File]:
        """Return what is in it; nothing if it cannot be read to its end."""
        content = part.content()
        if not content.startswith(tnef.SIGNATURE):
            return []
        try:
            return [
                _unpacked(f"{number}.{at}", title, data)
                for at, (title, data) in enumerate(tnef.files(content, self._count), start=1)
            ]
        except (tnef.CutOff, TooComplex):
            return []

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0 or time.process_time() > self._end:
            raise TooComplex


def _unpacked(number: str, title: str, data: bytes) -> File:
    name = one_line(title) or f"file-{number}"
    return File(number, name, "application/octet-stream", data, runs(title))


def _forwarded(content: bytes) -> Mail | None:
    try:
        return Mail(content, Sealed)
    except (TooComplex, RecursionError):
        return None


def _named(part: Part, number: str) -> str:
    kind = part.content_type.replace("/", "-")
    return part.name or f"{kind}-{number}{ENDINGS.get(part.content_type, '')}"


def _is_left(part: Part) -> bool:
    """Whether a part that is not the text of the page is anything to a reader."""
    same = part.content_type in _SAME_TEXT or not part.content().strip()
    return part.attached or not same


def _hidden(mail: Mail) -> set[int]:
    """Return the numbers of the parts that the page shows: text, HTML, and pictures in it."""
    texts = [
        next((each.number for each in mail.parts if _is_body(each, kind)), -1)
        for kind in ("text/plain", "text/html")
    ]
    return {*texts, *_pictures(mail)}


def _is_body(part: Part, kind: str) -> bool:
    return part.content_type == kind and not part.attached


def _pictures(mail: Mail) -> set[int]:
    """Return the pictures that the HTML shows; none if there is too much to show all of them."""
    html = mail.html
    if len(html) > LARGEST:
        return set()
    wanted = Counter(unquote(unescape(each)) for each in _INLINE.findall(html))
    # Of several with one id, the last is shown.
    found = {part.content_id: part for part in mail.parts if part.content_id in wanted}
    shown = [part for part in found.values() if part.content_type in PICTURES and _is_inline(part)]
    size = sum(len(part.content()) * wanted[part.content_id] for part in shown)
    return {part.number for part in shown} if size <= LARGEST_PICTURES else set()


def _is_inline(part: Part) -> bool:
    said = str(part.message.get("Content-Disposition", "")).strip().lower()
    return not said.startswith("attachment")
