"""Composing: what somebody typed as a mail (RFC 5322, RFC 2045), whatever they typed.

Nothing that is typed becomes a field or a line of its own: it is encoded, or refused before.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime, quote

from mailstore import texts
from mailstore.addresses import Address
from mailstore.writing.addressing import Named

LONGEST_SUBJECT = 500
LONGEST_TEXT = 200_000
MOST_REFERENCES = 20
# RFC 5322 §2.1.1.
LONGEST_LINE = 78
ANY_TYPE = "application/octet-stream"
_ENCODED = "=?"
# RFC 5322 §3.2.3: words that a name may have without quotes.
_ATOMS = re.compile(r"[\w!#$%&'*+/=?^`{|}~ -]+", re.ASCII)
_ID = re.compile(r"<[!-;=?-~]{1,250}>")
# RFC 2046 §5: mails and parts within parts are not for people to attach by name.
_TYPE = re.compile(r"(?!message/|multipart/)[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,100}")
_IN_NAMES = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff/\\:*?"<>|]')


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that is to be composed; who gets a blind copy stands nowhere in it."""

    message_id: str
    at: datetime
    author: Named
    to: Sequence[Named]
    cc: Sequence[Named]
    subject: str
    text: str
    in_reply_to: str = ""
    references: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes along."""

    name: str
    media_type: str
    content: bytes


def compose(letter: Letter, enclosures: Iterable[Enclosure] = ()) -> bytes:
    """Return a mail in canonical form; raises BadName for a subject with control characters."""
    utf8 = not all(str(on_wire(each.address)).isascii() for each in _people(letter))
    # Fields are kept as they are given: what looks like an encoded word in a name or subject would
    # be decoded by the library before it folds, line ends and all.
    as_given = (policy.SMTPUTF8 if utf8 else policy.SMTP).clone(refold_source="none")
    message = EmailMessage(as_given)
    for name, value in _fields(letter):
        message.set_raw(name, value)
    said = texts.body(letter.text)[:LONGEST_TEXT].rstrip() + "\n"
    # Every server takes it, and no signature breaks over it (RFC 6376 §5.3).
    message.set_content(said, cte="7bit" if _is_plain(said) else "quoted-printable")
    for each in enclosures:
        main, _, sub = media_type(each.media_type).partition("/")
        message.add_attachment(each.content, main, sub, filename=file_name(each.name))
    return message.as_bytes()


def _fields(letter: Letter) -> Iterator[tuple[str, str]]:
    yield "From", _addresses([letter.author])
    for name, people in (("To", letter.to), ("Cc", letter.cc)):
        if people:
            yield name, _addresses(people)
    yield "Subject", _encoded(texts.single(letter.subject, LONGEST_SUBJECT), "Subject")
    yield "Date", format_datetime(letter.at)
    yield "Message-ID", letter.message_id
    if _ID.fullmatch(letter.in_reply_to):
        yield "In-Reply-To", letter.in_reply_to
    if known := references(letter.references):
        yield "References", "\n ".join(known)


def _people(letter: Letter) -> Iterator[Named]:
    return itertools.chain([letter.author], letter.to, letter.cc)


def _addresses(people: Sequence[Named]) -> str:
    return ",\n ".join(map(_address, people))


def _address(named: Named) -> str:
    """Return an address as a field has it (RFC 5322 §3.4), on lines short enough."""
    address, name = on_wire(named.address), texts.single(named.name)
    if not name:
        return str(address)
    if not name.isascii() or _ENCODED in name:
        shown = _encoded(name)
    else:
        shown = name if _ATOMS.fullmatch(name) else f'"{quote(name)}"'
    short = "\n" not in shown and len(shown) + len(str(address)) < LONGEST_LINE - len("From:  <>")
    return f"{shown}{' ' if short else chr(10) + ' '}<{address}>"


def _encoded(text: str, field: str = "") -> str:
    """Return a text as a field may hold it: in encoded words (RFC 2047) if it is not plain."""
    plain = text.isascii() and _ENCODED not in text
    header = Header(text, None if plain else "utf-8", header_name=field)
    return header.encode(linesep="\n")


def references(ids: Iterable[str]) -> list[str]:
    """Return the ids that a mail may name: the first of its conversation, and the last."""
    known = list(dict.fromkeys(each for each in ids if _ID.fullmatch(each)))
    return known if len(known) <= MOST_REFERENCES else [known[0], *known[1 - MOST_REFERENCES :]]


def media_type(said: str) -> str:
    """Return the type of a file as it may stand in a mail."""
    lower = said.strip().lower()
    return lower if _TYPE.fullmatch(lower) else ANY_TYPE


def file_name(said: str) -> str:
    """Return the name of a file as every system can keep it."""
    return _IN_NAMES.sub("_", said.strip()).strip(". ")[-200:] or "file"


def on_wire(address: Address) -> Address:
    """Return an address with its domain in ASCII (RFC 5890), as far as that can be."""
    try:
        return Address(address.local, address.domain.encode("idna").decode())
    except UnicodeError:
        return address


def _is_plain(text: str) -> bool:
    return text.isascii() and all(len(line) <= LONGEST_LINE for line in text.splitlines())
