"""Who looks after held mail of others, and what they leave to somebody else."""

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from mailstore import quarantine, rights
from mailstore.accounts import KEEPERS, Account
from mailstore.deliveries import Delivery
from mailstore.mailboxes import MailboxAccess, Right


def others(tenant_id: int, by: str) -> ColumnElement[bool]:
    """Return the condition that somebody else of a tenant looks after held mail."""
    return (
        select(Account.id)
        .where(Account.tenant_id == tenant_id, Account.role.in_(sorted(KEEPERS)))
        .where(Account.active, Account.email != by)
        .exists()
    )


def deliverable(db: Session, tenant_id: int, by: str) -> ColumnElement[bool]:
    """Return the condition that somebody who looks after held mail may have it delivered.

    A virus stays; and what others would have to ask for, nobody decides for themselves while
    somebody else could.
    """
    may = rights.of_classes(quarantine.BY_ADMINISTRATOR)
    if not db.scalar(select(others(tenant_id, by))):
        return may
    own = exists().where(
        MailboxAccess.mailbox_id == Delivery.mailbox_id,
        MailboxAccess.account_id == Account.id,
        MailboxAccess.right == Right.OWNER,
        Account.email == by,
    )
    return and_(may, or_(rights.of_classes(quarantine.SELF_SERVICE), ~own))
