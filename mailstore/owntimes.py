"""When a person gets reports: what their policy says, and their own times where it lets them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import clock, events, mailboxes, reports
from mailstore.envelopes import Policy
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox, MailboxAccess, Right
from mailstore.reporttimes import next_report_at, parse_times, wanted_times
from mailstore.tenants import Tenant

MOST_TIMES = 2


@dataclass(frozen=True, slots=True)
class OwnReport:
    """A mailbox of a person, and what decides when its reports come."""

    mailbox: Mailbox
    policy: Policy

    @property
    def of_policy(self) -> Sequence[time]:
        """The times that the policy names."""
        return parse_times(self.policy.report_at)

    @property
    def own(self) -> Sequence[time]:
        """The person's own times; none where they go by the policy."""
        chosen = self.policy.report_choice and self.mailbox.report_at
        return parse_times(self.mailbox.report_at) if chosen else ()


def owned(db: Session, account_id: int) -> Sequence[Mailbox]:
    """Return the mailboxes that an account owns, without those of which it is a delegate."""
    return db.scalars(
        select(Mailbox)
        .join(MailboxAccess, MailboxAccess.mailbox_id == Mailbox.id)
        .where(MailboxAccess.account_id == account_id, MailboxAccess.right == Right.OWNER)
        .where(Mailbox.active)
        .order_by(Mailbox.address)
    ).all()


def of_owner(db: Session, account_id: int) -> Sequence[OwnReport]:
    """Return when reports come to the mailboxes that an account owns."""
    return [_own(db, mailbox) for mailbox in owned(db, account_id)]


def one_of_owner(db: Session, account_id: int, mailbox_id: int) -> OwnReport | None:
    """Return one of the mailboxes that an account owns, or None."""
    found = (each for each in of_owner(db, account_id) if each.mailbox.id == mailbox_id)
    return next(found, None)


def set_times(db: Session, mailbox_id: int, times: Sequence[time], *, by: str) -> bool:
    """Send reports at these times of day, none: at the policy's; False if it lets nobody choose.

    The next one is due at the first of them; raises BadName for more than two.
    """
    wanted = ",".join(f"{each:%H:%M}" for each in sorted(set(times)))
    if len(wanted.split(",")) > MOST_TIMES:
        raise BadName(f"A report comes {MOST_TIMES} times a day at most.")
    found = _own(db, mailboxes.alone(db, mailbox_id))
    if not found.policy.report_choice or not found.policy.report:
        return False
    tenant = db.get_one(Tenant, found.mailbox.tenant_id)
    found.mailbox.report_at = wanted
    found.mailbox.report_due_at = next_report_at(
        clock.now(), tenant.zoneinfo, wanted_times(wanted, found.policy)
    )
    db.flush()
    events.record(
        db,
        "report_times_set",
        tenant_id=tenant.id,
        mailbox_id=mailbox_id,
        by=by,
        detail={"times": wanted},
    )
    return True


def _own(db: Session, mailbox: Mailbox) -> OwnReport:
    tenant = db.get_one(Tenant, mailbox.tenant_id)
    return OwnReport(mailbox, reports.policy_of(db, mailbox, tenant))
