"""Tokens: the pieces of a mail that are learned from, as keyed hashes; made in the sandbox.

A token is a word, two words that follow each other, where a link leads, or a fact of the header.
Only the hash leaves the child, and its key differs from installation to installation: rows tell
nobody what people write to each other. Addresses of recipients are no tokens.
"""

import re
import unicodedata
from collections.abc import Iterator
from hashlib import blake2b
from itertools import chain, islice, pairwise
from typing import Any

from mailstore.mime import Mail
from mailstore.sandbox_child import Ask

MOST_TOKENS = 150
TOKEN_BYTES = 8
MOST_OF_HEADER = 70
MOST_LINKS, MOST_TAGS, MOST_WORDS = 20, 15, 90
LONGEST_TEXT, LONGEST_HTML = 6_000, 50_000
_WORD = re.compile(r"[^\W_][\w'\u2019-]{2,24}|[$€£%!]+")
_LINK = re.compile(r"(?:https?://|www\.)([^\s/\"'<>?#]{3,100})", re.IGNORECASE)
_TAG = re.compile(r"[a-z][a-z0-9]{0,9}")
_DIGITS = re.compile(r"\d+")
_UNSEEN = frozenset({"script", "style", "head"})
# What servers and mailboxes add on the way is not there yet when new mail is judged.
_ADDED = re.compile(
    r"received|return-path|delivered-to|x-original-to|envelope-to|authentication-results|x-spam"
    r"|x-mailhafen|x-virus|x-uid|x-keywords|x-status|status|lines|x-evolution|x-mozilla|x-gmail"
)
_FACTS = ("X-Mailer", "User-Agent", "Content-Type", "Precedence", "X-Priority", "List-Id")


def tokens_of(mail: Mail, key: bytes) -> list[int]:
    """Return the tokens of a mail, 150 at most: what tells most of a mail comes first."""
    pieces = chain(islice(_of_header(mail), MOST_OF_HEADER), _of_body(mail))
    keyed = blake2b(key=key, digest_size=TOKEN_BYTES)
    return [_hashed(kind, keyed) for kind in islice(dict.fromkeys(pieces), MOST_TOKENS)]


def _hashed(kind: str, keyed: blake2b) -> int:
    # A copy spares hashing the key again.
    one = keyed.copy()
    one.update(kind.encode("utf-8", "replace"))
    return int.from_bytes(one.digest(), signed=True)


def _of_header(mail: Mail) -> Iterator[str]:
    subject = _words(mail.header("Subject")[:300])
    for name, address in mail.authors[:2]:
        domain = address.domain
        yield f"from:{address.key}"
        yield f"from:{domain}"
        yield f"from:.{domain.rpartition('.')[2]}"
        yield from (f"name:{word}" for word in _words(name[:100]))
    yield from (f"subject:{word}" for word in subject)
    yield from (f"subject:{one} {two}" for one, two in pairwise(subject))
    for name in _FACTS:
        yield from (f"{name}:{word}" for word in _words(mail.header(name)[:100]))
    yield f"message-id:{_shape(mail.header('Message-ID'))}"
    yield from (f"reply-to:{each.rpartition('@')[2]}" for each in mail.reply_to[:2])
    names = dict.fromkeys(name.lower() for name in mail.message)
    yield from (f"has:{name[:40]}" for name in names if not _ADDED.match(name))


def _of_body(mail: Mail) -> Iterator[str]:
    text, html = mail.text[:LONGEST_TEXT], mail.html[:LONGEST_HTML]
    tags, seen = _taken_apart(html)
    links = dict.fromkeys(host.lower() for host in _LINK.findall(f"{text}\n{html}"))
    for host in islice(links, MOST_LINKS):
        yield f"link:{host}"
        yield f"link:{'.'.join(host.rsplit('.', 2)[-2:])}"
    yield from (f"tag:{tag}" for tag in islice(tags, MOST_TAGS))
    yield from (f"part:{each.content_type}" for each in mail.parts[:10])
    words = _words(text if text.strip() else seen[:LONGEST_TEXT])
    yield from islice(dict.fromkeys(words), MOST_WORDS)
    yield from (f"{one} {two}" for one, two in pairwise(words))


def _words(text: str) -> list[str]:
    """Return the words of a text, alike however they are written."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _WORD.findall(_DIGITS.sub("0", plain))


def _shape(text: str) -> str:
    """Return how an identifier is built, for its letters are chance."""
    return re.sub(r"[A-Za-z]+", "a", _DIGITS.sub("0", text[:80]))


def _taken_apart(html: str) -> tuple[dict[str, None], str]:
    """Return the kinds of tags and the text between them, in linear time."""
    tags: dict[str, None] = {}
    first, *rest = html.split("<")
    texts, unseen = [first], ""
    for piece in rest:
        tag, _, text = piece.partition(">")
        match = _TAG.match(tag.lower())
        name = match[0] if match else ""
        if name:
            tags[name] = None
            unseen = unseen or (name if name in _UNSEEN else "")
        elif unseen and tag[1:].lower().startswith(unseen):
            unseen = ""
        if not unseen:
            texts.append(text)
    return tags, " ".join(texts)


def tokens(args: dict[str, Any], raw: bytes, ask: Ask) -> list[int]:  # noqa: ARG001 (the signature is the sandbox's)
    """Return the tokens of a mail; the child's side."""
    return tokens_of(Mail(raw), bytes.fromhex(args["key"]))


SERVED = {"tokens": tokens}
