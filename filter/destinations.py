"""Where outgoing mail leads: to people here, to people of other tenants here, or to strangers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from filter import reply
from filter.directory import Directory
from mailstore import outbox
from mailstore.addresses import Address
from mailstore.envelopes import Ended, Recipient
from mailstore.sending import blocks, limits, relayers, submitters
from mailstore.sending.submitters import Author, Submitter
from mailstore.store import Store


@dataclass(frozen=True, slots=True)
class Towards:
    """Whom a mail is for, in the order of its envelope.

    By their keys: `own` are people of its author's tenant, and `failed` what nobody here has.
    `neighbours` are people of other tenants; everybody else is a stranger.
    """

    addresses: Sequence[Address]
    own: Mapping[str, Recipient]
    neighbours: Sequence[Recipient]
    failed: Mapping[str, Ended]

    @property
    def strangers(self) -> list[Address]:
        """Those whose mail is handled elsewhere."""
        here = {*self.own, *self.failed, *(each.address.key for each in self.neighbours)}
        return [each for each in self.addresses if each.key not in here]


class Destinations:
    """Answers what rows say of the way out, in the threads of a directory."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store, self.directory = store, directory

    async def author(self, submitter: Submitter, address: Address | None) -> Author | None:
        """Return for whom mail from an address, or from nobody, counts; None if not theirs."""
        return await self.directory.in_thread(self._author, submitter, address)

    async def relayer(self, ip: str, sender: Address | None) -> Submitter | None:
        """Return the customer's server at an address if it may send this; None for anybody else."""
        return await self.directory.in_thread(self._relayer, ip, sender)

    async def writer(self, author: Author) -> Recipient:
        """Return an author as their own mail is judged and kept."""
        return await self.directory.in_thread(self._writer, author)

    async def blocked(self, author: Author) -> str | None:
        """Return the reply to an author who may not send for now, or None."""
        return await self.directory.in_thread(self._blocked, author)

    async def refused(self, author: Author, recipients: int, unknown: int) -> str | None:
        """Count a mail for its author; return the reply where that is too much, or None."""
        return await self.directory.in_thread(self._admit, author, recipients, unknown)

    async def of(self, addresses: Iterable[Address], tenant_id: int) -> Towards:
        """Return where addresses lead for a tenant."""
        once = list({each.key: each for each in addresses}.values())
        known = dict(zip(once, await self.directory.know(once), strict=True))
        here = {each.key: found for each, found in known.items() if isinstance(found, Recipient)}
        own = {key: each for key, each in here.items() if each.tenant_id == tenant_id}
        unknown = Ended(arrived=False, reply=reply.UNKNOWN_MAILBOX)
        return Towards(
            once,
            own,
            [each for key, each in here.items() if key not in own],
            {each.key: unknown for each in once if known[each] == reply.UNKNOWN_MAILBOX},
        )

    async def rows(self, towards: Towards, writer: Recipient) -> list[Recipient]:
        """Return the recipients as the author's tenant keeps them, all by the author's policy."""
        lanes = await self.directory.in_thread(self._lanes, towards.strangers)
        return [
            replace(towards.own[each.key], policy=writer.policy)
            if each.key in towards.own
            else replace(writer, address=each, lane_id=lanes.get(each.domain, writer.lane_id))
            for each in towards.addresses
        ]

    def _author(self, submitter: Submitter, address: Address | None) -> Author | None:
        with self._store.read() as db:
            if address is None:
                return submitters.author_of_nobody(db, submitter)
            return submitters.author_of(db, submitter, address)

    def _blocked(self, author: Author) -> str | None:
        with self._store.read() as db:
            block = blocks.standing(db, author)
            return blocks.reply(db, block) if block else None

    def _admit(self, author: Author, recipients: int, unknown: int) -> str | None:
        with self._store.write() as db:
            return limits.admit(db, author, recipients, unknown)

    def _relayer(self, ip: str, sender: Address | None) -> Submitter | None:
        with self._store.read() as db:
            found = relayers.at(db, ip)
            theirs = sender is None or (found and submitters.author_of(db, found, sender))
        return found if theirs else None

    def _writer(self, author: Author) -> Recipient:
        with self._store.read() as db:
            return submitters.as_recipient(db, author)

    def _lanes(self, strangers: Sequence[Address]) -> dict[str, int]:
        names = sorted({each.domain for each in strangers})
        if not names:
            return {}
        with self._store.write() as db:
            return {each: outbox.lane_towards(db, self._store.settings, each) for each in names}
