"""Who is known: look-ups of rows that a busy relay would repeat for each mail.

Only good news is remembered, and for a second: a new address works at once, and what an
administrator takes away or a person allows holds a second later at the latest.
"""

import asyncio
import time
from collections.abc import Callable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, ParamSpec, TypeVar

from sqlalchemy.orm import Session

from filter import reply
from filter.callout import Callouts
from filter.findings import Findings
from mailstore import bayes, callouts, domains, lists, mailboxes, protection, tenants
from mailstore.addresses import Address
from mailstore.callouts import Question
from mailstore.envelopes import Recipient, TenantFacts
from mailstore.lists import Origin
from mailstore.store import Store

LOOKUP_THREADS = 4
FRESH_SECONDS = 1.0
MOST_REMEMBERED = 20_000

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K")
# A recipient, a reply that turns it away, or what the next hop is to be asked.
Found = Recipient | str | Question


class Memory(Generic[K, T]):
    """Values that were true a moment ago."""

    def __init__(self) -> None:
        self._values: dict[K, tuple[float, T]] = {}

    def get(self, key: K) -> T | None:
        """Return what was found within the last second, or None."""
        found = self._values.get(key)
        return found[1] if found and found[0] > time.monotonic() else None

    def put(self, key: K, value: T) -> T:
        """Remember a value, and return it."""
        if len(self._values) >= MOST_REMEMBERED:
            self._values.clear()
        self._values[key] = (time.monotonic() + FRESH_SECONDS, value)
        return value


@dataclass(frozen=True, slots=True)
class View:
    """What rows say that the rules of a tenant ask about."""

    facts: TenantFacts
    known_author: bool
    spam_probability: float | None


class Directory:
    """Answers the relay's questions about rows, in threads of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="lookup")
        self._recipients: Memory[Address, Recipient] = Memory()
        self._without_lists: Memory[int, bool] = Memory()
        self._facts: Memory[int, TenantFacts] = Memory()
        self._strict_domains = store.settings.strict_domains
        self._known_authors: Memory[tuple[int, str], bool] = Memory()
        self._token_keys: Memory[int, bytes] = Memory()
        self._callouts = Callouts(store)

    async def knows(self, address: Address) -> Recipient | str:
        """Return the recipient behind an address, or the reply that turns it away."""
        remembered = self._recipients.get(address)
        if remembered is not None:
            return remembered
        return await self._answered(address, await self.in_thread(self._find, address))

    async def host_postmaster(self, path: str) -> Address | None:
        """Return whom a bare `Postmaster` means (RFC 5321 §4.5.1): that of our oldest domain."""
        if path.lower() != mailboxes.POSTMASTER:
            return None
        oldest = await self.in_thread(self._oldest_domain)
        return Address(path, oldest) if oldest else None

    async def listed(
        self, recipients: Sequence[Recipient], findings: Findings, sender: Address | None = None
    ) -> Sequence[Recipient]:
        """Return the recipients with what their lists say of this mail."""
        author = findings.author
        if author is None or all(self._without_lists.get(each.tenant_id) for each in recipients):
            return recipients
        origin = Origin(author, sender, findings.spf, findings.proofs)
        return await self.in_thread(self._apply_lists, recipients, origin)

    async def view(self, tenant_id: int, findings: Findings) -> View:
        """Return what rows say of a mail for a tenant."""
        facts, author = self._facts.get(tenant_id), findings.author
        known = author is None or self._known_authors.get((tenant_id, author.key))
        if facts and known and not findings.tokens:
            return View(facts, author is not None, None)
        return await self.in_thread(self._look, tenant_id, findings)

    async def token_key(self, recipients: Sequence[Recipient]) -> bytes | None:
        """Return the key to make tokens with; None where too little was learned for all of them."""
        tenants = {each.tenant_id for each in recipients}
        known = [self._token_keys.get(each) for each in tenants]
        if None in known:
            return await self.in_thread(self._find_token_key, tenants)
        return next((key for key in known if key), None)

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what waits for a disk or a database beside the event loop."""
        call = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def know(self, addresses: Sequence[Address]) -> list[Recipient | str]:
        """Return the recipients behind addresses or replies that turn them away, all at once.

        Our own people write to them: whether somebody exists may turn out when it is handed on.
        """
        found = await self.in_thread(self._find_all, addresses)
        both = zip(addresses, found, strict=True)
        answers = await asyncio.gather(*(self._answered(*each) for each in both))
        doubtful = [each for each in answers if each == reply.NOT_ASKED]
        return await self.in_thread(self._caught, addresses, answers) if doubtful else list(answers)

    async def _answered(self, address: Address, found: Found) -> Recipient | str:
        """Ask the next hop where only it can say whether somebody exists."""
        if not isinstance(found, Question):
            return found
        exists = await self._callouts.ask(found)
        if exists is None:
            return reply.NOT_ASKED
        return (
            await self.in_thread(self._confirmed, address, found)
            if exists
            else reply.UNKNOWN_MAILBOX
        )

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False)

    def _find_all(self, addresses: Sequence[Address]) -> list[Found]:
        with self._store.read() as db:
            return [self._find_in(db, each) for each in addresses]

    def _find(self, address: Address) -> Found:
        with self._store.read() as db:
            return self._find_in(db, address)

    def _find_in(self, db: Session, address: Address) -> Found:
        recipient = mailboxes.resolve(db, address)
        owner = recipient.tenant_id if recipient else domains.owner_of(db, address.domain)
        if owner is None:
            return reply.NOT_OURS
        if not tenants.is_live(db, owner):
            return reply.NOT_TAKEN
        if recipient is not None:
            return self._recipients.put(address, recipient)
        return callouts.question(db, address) or reply.UNKNOWN_MAILBOX

    def _caught(
        self, addresses: Sequence[Address], answers: Sequence[Recipient | str]
    ) -> list[Recipient | str]:
        with self._store.read() as db:
            return [
                (mailboxes.caught(db, address) or answer) if answer == reply.NOT_ASKED else answer
                for address, answer in zip(addresses, answers, strict=True)
            ]

    def _confirmed(self, address: Address, asked: Question) -> Recipient | str:
        """Return who gets mail for somebody whom the next hop knows, and remember that it does."""
        with self._store.write() as db:
            callouts.confirm(db, asked)
        with self._store.read() as db:
            return mailboxes.resolve(db, address) or reply.UNKNOWN_MAILBOX

    def _oldest_domain(self) -> str | None:
        with self._store.read() as db:
            return domains.oldest(db)

    def _apply_lists(self, recipients: Sequence[Recipient], origin: Origin) -> Sequence[Recipient]:
        tenants = {each.tenant_id for each in recipients}
        with self._store.read() as db:
            with_lists = lists.tenants_with_lists(db, tenants)
            for tenant_id in tenants - with_lists:
                self._without_lists.put(tenant_id, True)
            return lists.apply_lists(db, recipients, origin) if with_lists else recipients

    def _find_token_key(self, tenants: Set[int]) -> bytes | None:
        with self._store.read() as db:
            learned = bayes.ready(db, tenants)
            key = bayes.token_key(db, self._store.ring) if learned else None
        for each in tenants:
            # That nothing was learned is remembered too: until then no mail pays for learning.
            self._token_keys.put(each, key if key and each in learned else b"")
        return key

    def _with_strict(self, db: Session, tenant_id: int) -> TenantFacts:
        facts = protection.facts_of(db, tenant_id)
        return replace(facts, strict_domains=facts.strict_domains | self._strict_domains)

    def _look(self, tenant_id: int, findings: Findings) -> View:
        author = findings.author
        with self._store.read() as db:
            facts = self._facts.get(tenant_id) or self._with_strict(db, tenant_id)
            known = author is not None and protection.has_written(db, tenant_id, author)
            probability = bayes.spam_probability(db, tenant_id, findings.tokens)
        self._facts.put(tenant_id, facts)
        if author is not None and known:
            self._known_authors.put((tenant_id, author.key), value=True)
        return View(facts, known, probability)
