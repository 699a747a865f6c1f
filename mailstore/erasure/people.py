"""Whose data it is: a person's account, and the mailboxes that are theirs and nobody else's."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, aliased

from mailstore.accounts import Account
from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox, MailboxAccess, MailboxAddress, MailboxKind, Right
from mailstore.messages import Message


@dataclass(frozen=True, slots=True)
class Whole:
    """A person: the account, their own mailboxes, and every address that leads to these."""

    account: Account
    mailboxes: Sequence[Mailbox]
    addresses: Sequence[str]

    @property
    def ids(self) -> list[int]:
        """The ids of their mailboxes."""
        return [each.id for each in self.mailboxes]

    @property
    def names(self) -> frozenset[str]:
        """All addresses that mean this person, in lower case."""
        mine = (each.address.lower() for each in self.mailboxes)
        return frozenset({self.account.email, *mine, *self.addresses})

    def wrote_or_got(self) -> ColumnElement[bool]:
        """Return the condition that a delivery, joined with its message, came to or from them."""
        return or_(Delivery.mailbox_id.in_(self.ids), Message.writer_id.in_(self.ids))


def whole(db: Session, account: Account) -> Whole:
    """Return a person; a mailbox that others own as well, or that is shared, is not theirs."""
    other = aliased(MailboxAccess)
    of_others = (
        select(other.id)
        .where(other.mailbox_id == Mailbox.id, other.right == Right.OWNER)
        .where(other.account_id != account.id)
    )
    mine = db.scalars(
        select(Mailbox)
        .join(MailboxAccess, MailboxAccess.mailbox_id == Mailbox.id)
        .where(MailboxAccess.account_id == account.id, MailboxAccess.right == Right.OWNER)
        .where(Mailbox.kind == MailboxKind.PERSON, ~of_others.exists())
        .order_by(Mailbox.id)
    ).all()
    ids = [each.id for each in mine]
    keys = select(MailboxAddress.key).where(MailboxAddress.mailbox_id.in_(ids))
    return Whole(account, mine, db.scalars(keys.order_by(MailboxAddress.key)).all())
