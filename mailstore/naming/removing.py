"""Taking a domain away: only one that nothing hangs on."""

from enum import StrEnum

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from mailstore import events, mailboxes
from mailstore.deliveries import Delivery
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox, MailboxAddress, MailboxKind


class Hangs(StrEnum):
    """What can hang on a domain."""

    LAST = "last"
    MAILBOXES = "mailboxes"
    ALIASES = "aliases"
    MAIL = "mail"


def what_hangs(db: Session, domain: Domain) -> dict[Hangs, int]:
    """Return what keeps a domain from being removed, and how many of each."""
    others = Domain.tenant_id == domain.tenant_id, Domain.id != domain.id
    # Somebody whose mailbox is at another domain may have an alias at this one.
    led = select(MailboxAddress.mailbox_id).where(mailboxes.is_at(domain.name))
    there = or_(Mailbox.domain_id == domain.id, Mailbox.id.in_(led))
    people = there, Mailbox.kind != MailboxKind.CATCH_ALL, Mailbox.tenant_id == domain.tenant_id
    counts = db.execute(
        select(
            select(func.count(Domain.id)).where(*others).scalar_subquery(),
            select(func.count(Mailbox.id)).where(*people).scalar_subquery(),
            select(func.count(Domain.id)).filter_by(alias_of_id=domain.id).scalar_subquery(),
            select(func.count(Delivery.id)).filter_by(domain_id=domain.id).scalar_subquery(),
        )
    ).one()
    remaining, *hanging = counts
    found = dict(zip((Hangs.MAILBOXES, Hangs.ALIASES, Hangs.MAIL), hanging, strict=True))
    return {each: count for each, count in found.items() if count} | (
        {} if remaining else {Hangs.LAST: 1}
    )


def remove(db: Session, domain: Domain, *, by: str) -> dict[Hangs, int]:
    """Remove a domain, and return nothing; or return what hangs on it, and leave it."""
    # Mail that comes in meanwhile names the row, and then it stays.
    db.scalars(select(Domain.id).where(Domain.id == domain.id).with_for_update()).one()
    if hanging := what_hangs(db, domain):
        return hanging
    db.execute(delete(Domain).where(Domain.id == domain.id))
    detail = {"name": domain.name}
    events.record(db, "domain_removed", tenant_id=domain.tenant_id, by=by, detail=detail)
    return {}
