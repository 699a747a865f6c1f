"""What the index keeps of a mail: each word for each mailbox that has it, and where it stands.

`17:offerte` is a word of mailbox 17, so that nobody's search meets other people's words. Words are
letters and digits, and all else that is kept has a sign that no word has: no content can say that
a mail is somebody else's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Self

from mailstore.messages import Message
from mailstore.search.grammar import Field
from mailstore.search.words import LONGEST_WORD, beginnings, words_of

HAS, SHARES, MAILBOX, TENANT, BEGINNING = "@", "%", ":", "&", "^"
SIGNS = {Field.FROM: "<", Field.TO: ">", Field.SUBJECT: "~", Field.ANYWHERE: ""}
# All signs, for databases that must be told what belongs to a word.
ALL_SIGNS = "".join((HAS, SHARES, MAILBOX, TENANT, BEGINNING, *SIGNS.values()))
REST = "rest"
MOST_WORDS = 6000
# PostgreSQL keeps less than a megabyte.
MOST_BYTES = 512 * 1024
# Words of mail that more people have are kept once, for all of its tenant.
MOST_READERS = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A mail for the index: its row, and the tokens of what a child read in it."""

    message: Message
    tokens: list[str]

    @classmethod
    def of(cls, message: Message, read: Mapping[str, Iterable[object]]) -> Self:
        """Return what is known of a mail: a row always says who wrote it, and about what."""
        found: dict[str, None] = {}
        words: dict[str, None] = {}
        for where, sign in SIGNS.items():
            if sign:
                its = (*_of_row(message, where), *_honest(read.get(where, ())))
                found.update(dict.fromkeys(sign + word for word in its))
                words.update(dict.fromkeys(its))
        words.update(dict.fromkeys(_honest(read.get(REST, ()))))
        kept = list(words)[:MOST_WORDS]
        begun = sorted(BEGINNING + each for each in beginnings(kept))
        return cls(message, [*found, *kept, *begun])

    def among(self, mailbox_ids: Set[int]) -> list[str]:
        """Return what the index keeps of it, for the mailboxes that have it."""
        mark, begins = has, [*map(mailbox, sorted(mailbox_ids))]
        if len(begins) > MOST_READERS or _size(self.tokens, begins) > MOST_BYTES:
            mark, begins = shares, [tenant(self.message.tenant_id)]
        theirs = map(mark, sorted(mailbox_ids))
        return [*theirs, *_fitting(begin + token for begin in begins for token in self.tokens)]


def of_row(head: Any) -> set[str]:
    """Return what a row with a message's author and subject says."""
    found: set[str] = set()
    for where, sign in SIGNS.items():
        its = _of_row(head, where)
        found.update(its, (sign + word for word in its))
        found.update(BEGINNING + each for each in beginnings(its))
    return found


def has(mailbox_id: int) -> str:
    """Return what marks mail of a mailbox, whose words are its own."""
    return f"{HAS}{mailbox_id}"


def shares(mailbox_id: int) -> str:
    """Return what marks mail of a mailbox whose words are kept once for all who have it."""
    return f"{SHARES}{mailbox_id}"


def mailbox(mailbox_id: int) -> str:
    """Return what words of a mailbox begin with."""
    return f"{mailbox_id}{MAILBOX}"


def tenant(tenant_id: int) -> str:
    """Return what words begin with that many people of a tenant have."""
    return f"{tenant_id}{TENANT}"


def _of_row(head: Any, where: Field) -> list[str]:
    match where:
        case Field.FROM:
            return words_of((head.author_name, head.author, head.sender), MOST_WORDS)
        case Field.SUBJECT:
            return words_of([head.subject], MOST_WORDS)
        case _:
            return []


def _honest(words: Iterable[object]) -> list[str]:
    """Return what of a child's words can be words: whoever takes it over must forge nothing."""
    return [
        word
        for word in words
        if isinstance(word, str) and word.isalnum() and len(word) <= LONGEST_WORD
    ]


def _size(tokens: Sequence[str], begins: Iterable[str]) -> int:
    words = sum(len(token.encode()) for token in tokens)
    return sum(words + len(tokens) * len(begin) for begin in begins)


def _fitting(found: Iterable[str]) -> Iterator[str]:
    left = MOST_BYTES
    for token in found:
        left -= len(token.encode())
        if left < 0:
            return
        yield token
