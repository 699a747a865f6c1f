"""From findings to verdicts: what is known of each tenant, its lists, and the decision."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from filter.directory import View
from filter.findings import Findings
from filter.rule import ALL, RULES, TenantExam, found_by
from filter.verdict import judge, settle
from mailstore import clock
from mailstore.addresses import Address
from mailstore.envelopes import Client, Recipient, Symbol, Verdict
from mailstore.refusals import Refused


@dataclass(frozen=True, slots=True)
class Received:
    """One mail as it came in and what examination says of it.

    `outside`: it came from a stranger, not from a peer that the operator trusts.
    """

    client: Client
    sender: Address | None
    findings: Findings
    outside: bool = True


class Knowledge(Protocol):
    """What is known of recipients and their tenants, by rows or without any."""

    async def listed(
        self, recipients: Sequence[Recipient], findings: Findings, sender: Address | None = None
    ) -> Sequence[Recipient]:
        """Return the recipients with what their lists say of a mail."""

    async def view(self, tenant_id: int, findings: Findings) -> View:
        """Return what is known of a mail for a tenant."""


class Judging:
    """Judges mail for recipients by what rows say."""

    def __init__(self, directory: Knowledge, rules_off: Iterable[str] = ()) -> None:
        self._directory = directory
        off = frozenset(rules_off)
        self._rules = [
            (symbol, rule.find_for_tenant)
            for symbol, rule in RULES.items()
            if rule.find_for_tenant is not None and not off & {symbol, ALL}
        ]

    async def verdicts(self, received: Received, recipients: Sequence[Recipient]) -> list[Verdict]:
        """Return what becomes of a mail for each recipient; one reply fits them all."""
        findings = received.findings
        listed = await self._directory.listed(recipients, findings, received.sender)
        symbols = {
            tenant_id: await self._symbols(received, tenant_id)
            for tenant_id in {each.tenant_id for each in listed}
        }
        return settle([judge(each, findings.author, symbols[each.tenant_id]) for each in listed])

    async def _symbols(self, received: Received, tenant_id: int) -> tuple[Symbol, ...]:
        """Return what was found in a mail, and what a tenant's own rules add."""
        found = received.findings.symbols
        if not self._rules:
            return found
        view = await self._directory.view(tenant_id, received.findings)
        exam = TenantExam(
            received.client,
            received.sender,
            received.findings,
            view.facts,
            outside=received.outside,
            known_author=view.known_author,
            spam_probability=view.spam_probability,
        )
        for symbol, find in self._rules:
            if more := found_by(symbol, find, exam):
                found += tuple(more)
                exam = replace(exam, findings=replace(exam.findings, symbols=found))
        return found


def refusals(received: Received, verdicts: Sequence[Verdict], answer: str) -> list[Refused]:
    """Return what the recipients may later see of a mail that was turned away."""
    return [
        Refused(
            at=clock.now(),
            tenant_id=verdict.recipient.tenant_id,
            domain_id=verdict.recipient.domain_id,
            mailbox_id=verdict.recipient.mailbox_id,
            recipient=str(verdict.recipient.address),
            client_ip=received.client.ip,
            sender=str(received.sender or ""),
            author=str(received.findings.author or ""),
            subject=received.findings.summary.subject,
            reason=verdict.reason,
            reply=answer,
        )
        for verdict in verdicts
        if verdict.recipient.mailbox_id is not None
    ]


def hits(verdicts: Sequence[Verdict]) -> frozenset[int]:
    """Return the entries of lists that spoke, and have long not been noted."""
    return frozenset().union(*(verdict.recipient.policy.hits for verdict in verdicts))
