"""Limits of sending: to how many recipients a sender may write within an hour and a day.

Whoever gets hold of an account sends to thousands of strangers, and then nobody takes mail from
here any more. So recipients are counted for each sender and clock hour, and those that nobody knew
besides. A sender who would be beyond a limit of the policy is blocked (mailstore/sending/blocks.py)
and begins anew after that.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from mailstore import clock, mailboxes, policies, tailoring
from mailstore.accounts import Account
from mailstore.db import upsert
from mailstore.domains import Domain
from mailstore.envelopes import Policy
from mailstore.mailboxes import MailboxAccess
from mailstore.sending import blocks
from mailstore.sending.counts import NOBODY, Numbers, Sender, SendingBlock, SendingCount, Why
from mailstore.tenants import Tenant

NEW_FOR = timedelta(days=7)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def admit(db: Session, author: Sender, recipients: int, unknown: int = 0) -> str | None:
    """Count a mail to so many recipients; return the reply that refuses it, or None.

    So many `unknown` ones were refused besides, as nobody here has these addresses. Refused mail
    is not counted. Wants a short writing session: several processes count one after another.
    """
    policy = _alone(db, author)
    block = blocks.standing(db, author) or _count(db, author, policy, recipients, unknown)
    return blocks.reply(db, block) if block else None


def note_unknown(db: Session, author: Sender, count: int) -> None:
    """Count recipients whose server did not know them; may block. Wants a writing session."""
    policy = _alone(db, author)
    if blocks.standing(db, author) is None:
        _count(db, author, policy, 0, count)


def blocked_until(db: Session, author: Sender) -> datetime | None:
    """Return until when a sender may not send; None for one who may."""
    block = blocks.standing(db, author)
    return block.until if block else None


def beyond(numbers: Numbers, policy: Policy, *, new: bool) -> Why | None:
    """Return which limit of a policy numbers are beyond; a new sender has smaller ones."""
    if numbers.unknown > policy.send_unknown:
        return Why.UNKNOWN
    if numbers.hour > (policy.send_hour_new if new else policy.send_hour):
        return Why.HOUR
    return Why.DAY if numbers.day > (policy.send_day_new if new else policy.send_day) else None


def purge(db: Session) -> None:
    """Delete what no limit counts any more."""
    db.execute(delete(SendingCount).where(SendingCount.hour < clock.now() - DAY - HOUR))


def _alone(db: Session, author: Sender) -> Policy:
    """Return a sender's policy; nobody else counts this sender until the transaction ends."""
    level: mailboxes.Mailbox | Domain
    if author.mailbox_id is not None:
        level = mailboxes.alone(db, author.mailbox_id)
    else:
        mine = select(Domain).where(Domain.id == author.domain_id)
        level = db.scalars(mine.with_for_update(key_share=True)).one()
    return policies.effective(db, tailoring.holds_at(db, level))


def _count(
    db: Session, author: Sender, policy: Policy, recipients: int, unknown: int
) -> SendingBlock | None:
    """Count, or block whoever would be beyond a limit and return that block."""
    mine, hour = _key(author), clock.now().replace(minute=0, second=0, microsecond=0)
    before = db.execute(
        select(SendingCount.hour, SendingCount.recipients, SendingCount.unknown)
        .filter_by(**mine)
        .where(SendingCount.hour > hour - DAY)
    ).all()
    counted = [*before, (hour, recipients, unknown)]
    numbers = Numbers(
        hour=sum(row[1] for row in counted if row[0] == hour),
        day=sum(row[1] for row in counted),
        unknown=sum(row[2] for row in counted if row[0] == hour),
    )
    if why := beyond(numbers, policy, new=_is_new(db, author)):
        db.execute(delete(SendingCount).filter_by(**mine))
        over = min(row[0] for row in counted) + DAY if why is Why.DAY else None
        return blocks.begin(db, author, why, numbers, over)
    row = upsert(db, SendingCount).values(
        **mine, hour=hour, tenant_id=author.tenant_id, recipients=recipients, unknown=unknown
    )
    more = {
        "recipients": SendingCount.recipients + recipients,
        "unknown": SendingCount.unknown + unknown,
    }
    db.execute(row.on_conflict_do_update(index_elements=[*mine, "hour"], set_=more))
    return None


def _key(author: Sender) -> dict[str, int]:
    if author.mailbox_id is not None:
        return {"mailbox_id": author.mailbox_id, "domain_id": NOBODY}
    return {"mailbox_id": NOBODY, "domain_id": author.domain_id}


def _is_new(db: Session, author: Sender) -> bool:
    """Whether the accounts that write with a mailbox are new; where there is none, the tenant."""
    theirs = (
        select(func.min(Account.created_at))
        .join(MailboxAccess, MailboxAccess.account_id == Account.id)
        .where(MailboxAccess.mailbox_id == author.mailbox_id)
    )
    since = db.scalar(theirs) or db.get_one(Tenant, author.tenant_id).created_at
    return since > clock.now() - NEW_FOR
