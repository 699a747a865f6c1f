"""When a person gets reports: what their policy says, and what they chose where it lets them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import events, mailboxes
from mailstore.envelopes import Policy
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox, MailboxAccess, Right
from mailstore.reports import planning, reach, times
from mailstore.reports.times import MOST_TIMES, NEVER, Schedule


@dataclass(frozen=True, slots=True)
class OwnReport:
    """A mailbox of a person, and what decides when its reports come."""

    mailbox: Mailbox
    policy: Policy
    addresses: Sequence[str] = ()

    @property
    def of_policy(self) -> Schedule:
        """When the policy lets them come."""
        return times.nominal("", "", self.policy)

    @property
    def wanted(self) -> Schedule | None:
        """When they come; None for never."""
        return times.wanted(self.mailbox.report_at, self.mailbox.report_on, self.policy)

    @property
    def is_own(self) -> bool:
        """Whether the person chose for themselves."""
        chosen = self.mailbox.report_at or self.mailbox.report_on
        return bool(self.policy.report_choice and chosen)

    @property
    def is_stopped(self) -> bool:
        """Whether the person, or whoever read their report, stopped it."""
        return self.mailbox.report_on == NEVER


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
    """Return the reports that come to what an account owns, each with all it is about."""
    ids = [each.id for each in owned(db, account_id)]
    with_one = set(ids) - reach.without_own(db, ids)
    covered = reach.covered(db, with_one)
    named = reach.addresses(db, frozenset[int]().union(*covered.values()))
    return [
        OwnReport(mailbox, policy, reach.in_order(mailbox, covered[mailbox.id], named))
        for mailbox, _, policy in planning.with_policies(db, with_one)
    ]


def one_of_owner(db: Session, account_id: int, mailbox_id: int) -> OwnReport | None:
    """Return one of the reports of what an account owns, or None."""
    found = (each for each in of_owner(db, account_id) if each.mailbox.id == mailbox_id)
    return next(found, None)


def choose(db: Session, mailbox_id: int, at: Sequence[time], days: str, *, by: str) -> bool:
    """Send reports at these times and on these days (`never` stops them), none: as the policy.

    False if the policy lets nobody choose; raises BadName for more than two times.
    """
    wanted = ",".join(f"{each:%H:%M}" for each in sorted(set(at)))
    if len(wanted.split(",")) > MOST_TIMES:
        raise BadName(f"A report comes {MOST_TIMES} times a day at most.")
    if days not in ("", NEVER):
        days = times.parse_days(days)
    mailbox = mailboxes.alone(db, mailbox_id)
    ((_, _, policy),) = planning.with_policies(db, [mailbox_id])
    if not policy.report_choice or not policy.report:
        return False
    _set(db, mailbox, wanted, days, by=by)
    return True


def stop(db: Session, mailbox_id: int, *, by: str) -> None:
    """Send a mailbox no reports any more, until somebody wants them again (RFC 8058)."""
    mailbox = mailboxes.alone(db, mailbox_id)
    if mailbox.report_on != NEVER:
        _set(db, mailbox, mailbox.report_at, NEVER, by=by)


def resume(db: Session, mailbox_id: int, *, by: str) -> None:
    """Send a mailbox its reports again, when the policy says."""
    mailbox = mailboxes.alone(db, mailbox_id)
    if mailbox.report_on == NEVER:
        _set(db, mailbox, mailbox.report_at, "", by=by)


def _set(db: Session, mailbox: Mailbox, at: str, days: str, *, by: str) -> None:
    mailbox.report_at, mailbox.report_on = at, days
    db.flush()
    planning.plan(db, [mailbox.id])
    db.refresh(mailbox)
    events.record(
        db, "report_times_set", tenant_id=mailbox.tenant_id, mailbox_id=mailbox.id, by=by,
        detail={"times": at, "days": days},
    )  # fmt: skip
