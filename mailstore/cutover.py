"""From one filter to the next: what a tenant needs before its mail comes here, and the switch.

While a tenant is preparing its administrators look around, and senders who come too early are
asked to come again. An operator may suspend it: mail that is here goes on and can be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from mailstore import clock, events
from mailstore.accounts import Account, Role
from mailstore.domains import Domain
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox, MailboxAddress, MailboxKind
from mailstore.messages import Message
from mailstore.reports import planning
from mailstore.tenants import Tenant, TenantState
from mailstore.texts import plain

LONGEST_REASON = 200


class Step(StrEnum):
    """What is to be done before mail comes here, in a sensible order."""

    DOMAINS = "domains"
    PEOPLE = "people"
    ALIASES = "aliases"
    ADMINISTRATORS = "administrators"
    MAIL = "mail"


# Without these nothing that is sent here would reach anybody.
NEEDED = frozenset({Step.DOMAINS, Step.PEOPLE})
# One alone may be ill or have lost their telephone.
ENOUGH = {Step.ADMINISTRATORS: 2}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a step stands: how many there are, and whether that is enough."""

    step: Step
    count: int
    done: bool


class NotReady(BadName):
    """What a tenant needs before its mail comes here is missing."""


def standing(db: Session, tenant_id: int) -> Sequence[Standing]:
    """Return how each step stands."""
    theirs = Mailbox.tenant_id == tenant_id, Mailbox.kind != MailboxKind.CATCH_ALL, Mailbox.active
    people = _count(db, select(Mailbox.id).where(*theirs))
    addresses = _count(db, select(MailboxAddress.key).join(Mailbox).where(*theirs))
    administrators = select(Account.id).where(
        Account.tenant_id == tenant_id, Account.role == Role.ADMIN, Account.active
    )
    came = select(Message.id).where(Message.tenant_id == tenant_id).limit(1)
    counts = {
        Step.DOMAINS: _count(db, select(Domain.id).where(Domain.tenant_id == tenant_id)),
        Step.PEOPLE: people,
        Step.ALIASES: addresses - people,
        Step.ADMINISTRATORS: _count(db, administrators),
        Step.MAIL: _count(db, came),
    }
    return [Standing(each, count, count >= ENOUGH.get(each, 1)) for each, count in counts.items()]


def go_live(db: Session, tenant_id: int, *, by: str) -> bool:
    """Take mail from now on; False if it is taken already or an operator suspended the tenant.

    Raises NotReady.
    """
    missing = [each.step for each in standing(db, tenant_id) if not each.done]
    if still := NEEDED.intersection(missing):
        raise NotReady(f"There are no {min(still)} yet.")
    return _change(db, tenant_id, (TenantState.PREPARING,), TenantState.LIVE, "", by)


def prepare(db: Session, tenant_id: int, *, by: str) -> bool:
    """Take no mail for now, and ask senders to come again; False if none is taken already."""
    return _change(db, tenant_id, (TenantState.LIVE,), TenantState.PREPARING, "", by)


def suspend(db: Session, tenant_id: int, reason: str, *, by: str) -> bool:
    """Take no mail until an operator resumes; False if it was so already. Raises BadName."""
    text = plain(reason, LONGEST_REASON)
    states = (TenantState.PREPARING, TenantState.LIVE)
    return _change(db, tenant_id, states, TenantState.SUSPENDED, text, by)


def resume(db: Session, tenant_id: int, *, by: str) -> bool:
    """Take mail again that an operator had stopped; False if it was not."""
    return _change(db, tenant_id, (TenantState.SUSPENDED,), TenantState.LIVE, "", by)


def _count(db: Session, found: Select[Any]) -> int:
    return db.scalar(select(func.count()).select_from(found.subquery())) or 0


def _change(
    db: Session,
    tenant_id: int,
    before: Sequence[TenantState],
    state: TenantState,
    reason: str,
    by: str,
) -> bool:
    changed = db.scalar(
        update(Tenant)
        .where(Tenant.id == tenant_id, Tenant.state.in_(before))
        .values(state=state, state_since=clock.now(), state_reason=reason)
        .returning(Tenant.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        return False
    planning.plan_soon(db, tenant_id)
    detail = {"state": state, "reason": reason}
    events.record(db, "tenant_state_set", tenant_id=tenant_id, by=by, detail=detail)
    return True
