"""Whose mail is in whose report, and who gets it.

A person has one report, to the mailbox of the address they sign in with: of all its addresses,
of the mailboxes they own besides, and of those whose reports they get as a delegate.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from mailstore import mailboxes
from mailstore.accounts import Account
from mailstore.addresses import Address
from mailstore.envelopes import Recipient
from mailstore.mailboxes import Mailbox, MailboxAccess, MailboxAddress, MailboxKind, Right

_HOME = aliased(Mailbox)


def covered(db: Session, mailbox_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Return the mailboxes that the reports of these mailboxes are about, themselves included."""
    found: dict[int, set[int]] = {each: {each} for each in mailbox_ids}
    theirs = _homes().where(_HOME.id.in_(mailbox_ids))
    for home, mailbox_id in db.execute(theirs.with_only_columns(_HOME.id, Mailbox.id)):
        found[home].add(mailbox_id)
    return {home: frozenset(ids) for home, ids in found.items()}


def without_own(db: Session, mailbox_ids: Collection[int]) -> set[int]:
    """Return those mailboxes that have no report of their own: it is in their owners' reports.

    One whose reports somebody else is to get has one all the same.
    """
    elsewhere = _homes().where(
        Mailbox.id.in_(mailbox_ids),
        _HOME.id != Mailbox.id,
        MailboxAccess.right == Right.OWNER,
        Mailbox.report_to == "",
    )
    owned = set(db.scalars(elsewhere.with_only_columns(Mailbox.id)))
    buckets = select(Mailbox.id).where(
        Mailbox.id.in_(mailbox_ids),
        Mailbox.kind == MailboxKind.CATCH_ALL,
        Mailbox.report_to == "",
    )
    return owned | set(db.scalars(buckets))


def homes(db: Session, mailbox_ids: Collection[int]) -> dict[int, set[int]]:
    """Return in whose reports the mail of mailboxes is: their own, or those of their owners."""
    without = without_own(db, mailbox_ids)
    found = {each: set[int]() if each in without else {each} for each in mailbox_ids}
    owners = _homes().where(Mailbox.id.in_(without), MailboxAccess.right == Right.OWNER)
    for mailbox_id, home in db.execute(owners.with_only_columns(Mailbox.id, _HOME.id)):
        found[mailbox_id].add(home)
    return found


def addresses(db: Session, mailbox_ids: Collection[int]) -> Mapping[int, list[str]]:
    """Return all addresses of mailboxes, the main ones first."""
    named = select(MailboxAddress.mailbox_id, MailboxAddress.key, Mailbox.address).join(
        Mailbox, Mailbox.id == MailboxAddress.mailbox_id
    )
    # Main addresses first, then by the alphabet.
    main = func.lower(Mailbox.address) != MailboxAddress.key
    found: dict[int, list[str]] = defaultdict(list)
    for mailbox_id, key, address in db.execute(
        named.where(Mailbox.id.in_(mailbox_ids)).order_by(main, MailboxAddress.key)
    ):
        found[mailbox_id].append(address if key == address.lower() else key)
    return found


def in_order(
    mailbox: Mailbox, covered: Collection[int], named: Mapping[int, Sequence[str]]
) -> list[str]:
    """Return the addresses that a mailbox's reports are about, its own first."""
    others = sorted(set(covered) - {mailbox.id})
    own = named.get(mailbox.id, [mailbox.address])
    return [*own, *(address for each in others for address in named[each])]


def recipient(db: Session, mailbox: Mailbox) -> Recipient | None:
    """Return who gets the reports of a mailbox; None if there is nobody any more."""
    if mailbox.report_to:
        found = mailboxes.resolve(db, Address.parse(mailbox.report_to))
        if found and found.tenant_id == mailbox.tenant_id:
            return found
    return None if mailbox.kind is MailboxKind.CATCH_ALL else mailboxes.recipient_of(db, mailbox)


def _homes() -> Select[Any]:
    """Return what joins people's own mailboxes with others whose mail their reports have."""
    own = aliased(MailboxAddress)
    return (
        select(_HOME.id)
        .join(own, own.mailbox_id == _HOME.id)
        .join(Account, Account.email == own.key)
        .join(MailboxAccess, MailboxAccess.account_id == Account.id)
        .join(Mailbox, Mailbox.id == MailboxAccess.mailbox_id)
        .where(Account.active, _HOME.active, Mailbox.active)
        .where(Account.tenant_id == Mailbox.tenant_id)
        .where(or_(MailboxAccess.right == Right.OWNER, MailboxAccess.reports))
    )
