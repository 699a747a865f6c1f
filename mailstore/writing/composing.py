"""Composing: what somebody typed as a mail (RFC 5322, RFC 2045), whatever they typed.

Nothing that is typed becomes a field or a line of its own: it is encoded, or refused before.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.utils import format_datetime

from mailstore import texts
from mailstore.addresses import Address
from mailstore.writing.addressing import Named

LONGEST_SUBJECT = 500
LONGEST_TEXT = 200_000
MOST_REFERENCES = 20
# RFC 5322 §2.1.1.
LONGEST_LINE = 78
ANY_TYPE = "application/octet-stream"
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
    message = EmailMessage(policy.SMTPUTF8 if _needs_utf8(letter) else policy.SMTP)
    message["From"] = _header(letter.author)
    for name, people in (("To", letter.to), ("Cc", letter.cc)):
        if people:
            message[name] = [_header(each) for each in people]
    message["Subject"] = texts.single(letter.subject, LONGEST_SUBJECT)
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = letter.message_id
    if _ID.fullmatch(letter.in_reply_to):
        message["In-Reply-To"] = letter.in_reply_to
    if known := references(letter.references):
        message["References"] = " ".join(known)
    said = texts.body(letter.text)[:LONGEST_TEXT].rstrip() + "\n"
    # Every server takes it, and no signature breaks over it (RFC 6376 §5.3).
    message.set_content(said, cte="7bit" if _is_plain(said) else "quoted-printable")
    for each in enclosures:
        main, _, sub = media_type(each.media_type).partition("/")
        message.add_attachment(each.content, main, sub, filename=file_name(each.name))
    return message.as_bytes()


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


def _header(named: Named) -> HeaderAddress:
    address = on_wire(named.address)
    quoted = address.local.startswith('"')
    # The library quotes it again, where it has to be.
    local = re.sub(r"\\(.)", r"\1", address.local[1:-1]) if quoted else address.local
    return HeaderAddress(texts.single(named.name), local, address.domain)


def on_wire(address: Address) -> Address:
    """Return an address with its domain in ASCII (RFC 5890), as far as that can be."""
    try:
        return Address(address.local, address.domain.encode("idna").decode())
    except UnicodeError:
        return address


def _needs_utf8(letter: Letter) -> bool:
    people = (letter.author, *letter.to, *letter.cc)
    return not all(str(on_wire(each.address)).isascii() for each in people)


def _is_plain(text: str) -> bool:
    return text.isascii() and all(len(line) <= LONGEST_LINE for line in text.splitlines())
