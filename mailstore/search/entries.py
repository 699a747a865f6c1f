"""What the index keeps of a mail: its words, where they stand, and whose mail it is.

Words are letters and digits; all else that is kept begins with a sign that no word has. So no
content can say that a mail is somebody else's.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from mailstore.messages import Message
from mailstore.search.grammar import Field
from mailstore.search.words import LONGEST_WORD, beginnings, words_of

MAILBOX, TENANT, BEGINNING, RECIPIENT = "@", "&", "^", "!"
SIGNS = {Field.FROM: "<", Field.TO: ">", Field.SUBJECT: "~", Field.ANYWHERE: ""}
# All signs, for databases that must be told what belongs to a word.
ALL_SIGNS = "".join((MAILBOX, TENANT, BEGINNING, RECIPIENT, *SIGNS.values()))
EVERY = TENANT
REST = "rest"
MOST_WORDS = 6000
# PostgreSQL keeps less than a megabyte.
MOST_BYTES = 512 * 1024


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
        return cls(message, list(_fitting((*found, *kept, *begun))))

    def among(self, mailbox_ids: Iterable[int], recipients: Iterable[str]) -> list[str]:
        """Return its tokens, and those of the mailboxes that have it.

        Who got a blind copy is for those alone who may see all mail of the tenant.
        """
        whose = (EVERY, tenant(self.message.tenant_id), *map(mailbox, mailbox_ids))
        to = (RECIPIENT + word for word in words_of(recipients, MOST_WORDS))
        return [*whose, *to, *self.tokens]


def of_row(head: Any, recipient: str) -> set[str]:
    """Return what a row with a message's author and subject says, for whoever got it."""
    found = {RECIPIENT + word for word in words_of([recipient], MOST_WORDS)}
    for where, sign in SIGNS.items():
        its = _of_row(head, where)
        found.update(its, (sign + word for word in its))
        found.update(BEGINNING + each for each in beginnings(its))
    return found


def mailbox(mailbox_id: int) -> str:
    """Return what marks mail of a mailbox."""
    return f"{MAILBOX}{mailbox_id}"


def tenant(tenant_id: int) -> str:
    """Return what marks mail of a tenant."""
    return f"{TENANT}{tenant_id}"


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


def _fitting(found: Iterable[str]) -> Iterator[str]:
    left = MOST_BYTES
    for token in found:
        left -= len(token.encode())
        if left < 0:
            return
        yield token
