"""From one filter to the next: what a tenant needs before its mail comes here, and the switch.

While a tenant is preparing its administrators look around, and senders who come too early are
asked to come again. An operator may suspend it: mail that is here goes on and can be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session

from mailstore import clock, events, welcomes
from mailstore.accounts import Account, Role
from mailstore.domains import Domain
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox, MailboxAddress, MailboxKind
from mailstore.messages import Message
from mailstore.naming import checks
from mailstore.naming.checks import CheckKind, DomainCheck
from mailstore.naming.faults import GRAVE
from mailstore.naming.findings import Record
from mailstore.naming.steps import grade_of
from mailstore.reports import planning
from mailstore.tenants import Tenant, TenantState
from mailstore.texts import plain

LONGEST_REASON = 200


class Step(StrEnum):
    """What is to be done before mail comes here, in a sensible order."""

    DOMAINS = "domains"
    SERVERS = "servers"
    PEOPLE = "people"
    ALIASES = "aliases"
    RECORDS = "records"
    ADMINISTRATORS = "administrators"
    MAIL = "mail"
    WELCOMES = "welcomes"


# Without these nothing that is sent here would reach anybody.
NEEDED = frozenset({Step.DOMAINS, Step.PEOPLE})
# One alone may be ill or have lost their telephone.
ADMINISTRATORS = 2
# One mailbox is that of whoever moves in.
PEOPLE = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """How a step stands: how many there are, and whether that is all there should be."""

    step: Step
    count: int
    enough: int = 1

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.count >= self.enough

    @property
    def keeps(self) -> bool:
        """Whether mail cannot be taken yet because of it."""
        return self.step in NEEDED and not self.count


class NotReady(BadName):
    """What a tenant needs before its mail comes here is missing."""


def standing(db: Session, tenant_id: int) -> Sequence[Standing]:
    """Return how each step stands, in their order."""
    known = select(Domain.id).where(Domain.tenant_id == tenant_id)
    theirs = Mailbox.tenant_id == tenant_id, Mailbox.kind != MailboxKind.CATCH_ALL, Mailbox.active
    accounts = select(Account.id).where(Account.tenant_id == tenant_id, Account.active)
    guests = accounts.where(Account.role == Role.USER)
    domains, ways, people, addresses, administrators, came, invited, welcomed = _counts(
        db,
        known,
        known.where(Domain.alias_of_id.is_(None)),
        select(Mailbox.id).where(*theirs),
        select(MailboxAddress.key).join(Mailbox).where(*theirs),
        accounts.where(Account.role == Role.ADMIN),
        select(Message.id).where(Message.tenant_id == tenant_id).limit(1),
        guests,
        guests.where(~welcomes.without()),
    )
    looks = checks.of_tenant(db, tenant_id)
    return [
        Standing(Step.DOMAINS, domains),
        Standing(Step.SERVERS, sum(map(_takes_mail, looks)), max(ways, 1)),
        Standing(Step.PEOPLE, people, PEOPLE),
        Standing(Step.ALIASES, addresses - people),
        Standing(Step.RECORDS, sum(map(_is_published, looks)), max(domains, 1)),
        Standing(Step.ADMINISTRATORS, administrators, ADMINISTRATORS),
        Standing(Step.MAIL, came),
        Standing(Step.WELCOMES, welcomed, max(invited, 1)),
    ]


def _takes_mail(look: DomainCheck) -> bool:
    """Whether a server was tried and found to take mail."""
    tried = look.kind is CheckKind.HOP and look.done_at is not None
    return tried and grade_of(look.steps) not in GRAVE


def _is_published(look: DomainCheck) -> bool:
    """Whether DNS says all that it should before the switch; what leads mail here comes after."""
    if look.kind is not CheckKind.DNS or look.done_at is None:
        return False
    before = [each for each in look.findings if each.record is not Record.MX]
    return not any(each.grade in GRAVE for each in before)


def go_live(db: Session, tenant_id: int, *, by: str) -> bool:
    """Take mail from now on; False if it is taken already or an operator suspended the tenant.

    Raises NotReady.
    """
    if missing := sorted(each.step for each in standing(db, tenant_id) if each.keeps):
        raise NotReady(f"There are no {missing[0]} yet.")
    return _change(db, tenant_id, (TenantState.PREPARING,), TenantState.LIVE, "", by) is not None


def prepare(db: Session, tenant_id: int, *, by: str) -> bool:
    """Take no mail for now, and ask senders to come again; False if none is taken already."""
    return _change(db, tenant_id, (TenantState.LIVE,), TenantState.PREPARING, "", by) is not None


def suspend(db: Session, tenant_id: int, reason: str, *, by: str) -> bool:
    """Take no mail until an operator resumes; False if it was so already. Raises BadName."""
    text = plain(reason, LONGEST_REASON)
    states = (TenantState.PREPARING, TenantState.LIVE)
    return _change(db, tenant_id, states, TenantState.SUSPENDED, text, by) is not None


def resume(db: Session, tenant_id: int, *, by: str) -> TenantState | None:
    """Take back that an operator stopped mail; return what the tenant is again, None if it was not.

    Who was not ready then is not live now.
    """
    again = func.coalesce(Tenant.state_before, TenantState.LIVE)
    return _change(db, tenant_id, (TenantState.SUSPENDED,), again, "", by)


def _counts(db: Session, *found: Select[Any]) -> Sequence[int]:
    """Return how many rows each of some selections has, in one question."""
    counts = [select(func.count()).select_from(each.subquery()) for each in found]
    return db.execute(select(*(each.scalar_subquery() for each in counts))).one()


def _change(
    db: Session,
    tenant_id: int,
    before: Sequence[TenantState],
    state: ColumnElement[TenantState] | TenantState,
    reason: str,
    by: str,
) -> TenantState | None:
    changed = db.scalar(
        update(Tenant)
        .where(Tenant.id == tenant_id, Tenant.state.in_(before))
        .values(
            state=state, state_since=clock.now(), state_reason=reason, state_before=Tenant.state
        )
        .returning(Tenant.state)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        return None
    planning.plan_soon(db, tenant_id)
    detail = {"state": changed, "reason": reason}
    events.record(db, "tenant_state_set", tenant_id=tenant_id, by=by, detail=detail)
    return changed
