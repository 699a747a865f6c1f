"""What an answer begins with: whom it goes to, its subject, and the text that it quotes."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _

from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.errors import BadAddress
from mailstore.texts import harmless
from mailstore.writing.addressing import LONGEST_NAME, Named, written
from mailstore.writing.drafts import Fields
from mailstore.writing.identities import Identity, one
from portal.content import reading
from portal.voices import Voice

# What programs put before a Subject they answer or hand on, in the languages of our people.
_ANSWERED = re.compile(r"(?i)^(?:(?:re|aw|antw|sv|rif|ref|fwd?|wg|tr|i)\s*(?:\[\d+\])?:\s*)+")
_ID = re.compile(r"<[^<>\s]+>")


class How(StrEnum):
    """What somebody wants to make of a mail."""

    REPLY = "reply"
    ALL = "all"
    FORWARD = "forward"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Original:
    """A mail that is answered, handed on or written again: its people by field, fields and text."""

    people: dict[str, list[Named]]
    fields: dict[str, str]
    text: str
    is_own: bool

    @property
    def answer_to(self) -> list[Named]:
        """Whom an answer goes to: of one's own mail, to whom that went."""
        if self.is_own:
            return self.people["to"]
        return self.people["reply-to"] or self.people["from"]

    @property
    def everybody(self) -> Set[str]:
        """The domains of all whom it names."""
        return {each.address.domain for people in self.people.values() for each in people}


def original_of(delivery: Delivery, *, is_own: bool) -> Original:
    """Return what an answer needs of a mail; of one that cannot be read, what its row says."""
    message = delivery.message
    said = reading.answered(message)
    if said is None:
        author = _named([(message.author_name, message.author or message.sender)])
        known = {"message-id": message.message_id, "subject": message.subject}
        people = {"from": author, "reply-to": [], "to": [], "cc": []}
        return Original(people, known, "", is_own)
    people = {name: _named(pairs) for name, pairs in said["people"].items()}
    return Original(people, said["fields"], said["text"], is_own)


def identity_for(found: Sequence[Identity], original: Original, delivery: Delivery) -> Identity:
    """Return whom a mail was for among those that somebody may write as, or else the first."""
    own = [each.address.key for each in original.people["from"]] if original.is_own else []
    named = (each.address.key for name in ("to", "cc") for each in original.people[name])
    for address in (*own, delivery.recipient, *named):
        if identity := one(found, address):
            return identity
    return next((each for each in found if each.mailbox_id == delivery.mailbox_id), found[0])


def begun(
    how: How, original: Original, me: Identity, mine: Set[str], voice: Voice, at: Any
) -> Fields:
    """Return an answer as it begins; `mine` are the addresses of whoever writes it."""
    subject = _ANSWERED.sub("", original.fields.get("subject", "")).strip()
    if how is How.AGAIN:
        return Fields(
            sender=str(me.address),
            to=written(original.people["to"]),
            cc=written(original.people["cc"]),
            subject=original.fields.get("subject", ""),
            text=original.text,
        )
    if how is How.FORWARD:
        text = _signed(me) + _handed_on(original)
        return Fields(
            sender=str(me.address), subject=f"Fwd: {subject}", text=text, **_chain(original)
        )
    to = original.answer_to
    cc: list[Named] = []
    if how is How.ALL:
        known = {*mine, *(each.address.key for each in to)}
        others = [*([] if original.is_own else original.people["to"]), *original.people["cc"]]
        cc = [each for each in others if each.address.key not in known]
    return Fields(
        sender=str(me.address),
        to=written(to),
        cc=written(cc),
        subject=f"Re: {subject}",
        text=_signed(me) + _quoted(original, voice.full(at)),
        **_chain(original),
    )


def new(me: Identity) -> Fields:
    """Return a mail that answers none as it begins."""
    return Fields(sender=str(me.address), text=_signed(me))


def signature(me: Identity) -> str:
    """Return the signature as it stands below a text (RFC 3676 §4.3); nothing without one."""
    return f"-- \n{me.text}\n" if me.text else ""


def _signed(me: Identity) -> str:
    return f"\n\n{signature(me)}" if me.text else "\n"


def _chain(original: Original) -> dict[str, Any]:
    # RFC 5322 §3.6.4: the ids of the whole conversation, as far as the mail names them.
    before = original.fields.get("references") or original.fields.get("in-reply-to", "")
    last = _ID.findall(original.fields.get("message-id", ""))
    return {
        "in_reply_to": next(iter(last), ""),
        "references": tuple(dict.fromkeys([*_ID.findall(before), *last])),
    }


def _quoted(original: Original, at: str) -> str:
    who = written(original.people["from"]) or _("unknown sender")
    lines = (f"> {line}".rstrip() for line in original.text.rstrip().splitlines())
    said = _("On %(time)s %(who)s wrote:", time=at, who=who)
    return "\n".join(["", said, *lines, ""])


def _handed_on(original: Original) -> str:
    fields = (
        (_("From"), written(original.people["from"])),
        (_("To"), written(original.people["to"])),
        (_("Copy to"), written(original.people["cc"])),
        (_("Date"), original.fields.get("date", "")),
        (_("Subject"), original.fields.get("subject", "")),
    )
    told = [f"{name}: {value}" for name, value in fields if value]
    return "\n".join(["", _("---------- Forwarded message ----------"), *told, "", original.text])


def _named(pairs: Sequence[Sequence[str]]) -> list[Named]:
    found: dict[str, Named] = {}
    for name, text in pairs:
        try:
            address = Address.parse(text)
        except BadAddress:
            continue
        found.setdefault(address.key, Named(harmless(name, LONGEST_NAME), address))
    return list(found.values())
