"""Reports as tests need them: their rows without a mail, or all of it."""

from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from sqlalchemy import func, select

from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.reports import drafts, keeping, planning
from mailstore.reports.drafts import Draft
from mailstore.reports.rows import Link, LinkKind, Report
from mailstore.reports.times import Schedule
from mailstore.store import Store
from portal.mails import as_bytes
from portal.reports import sending
from portal.reports.rendering import Renderer

LINK_LIFE = Schedule(()).link_life


@dataclass(frozen=True, slots=True)
class Kept:
    """A report that was kept, and its links: to held mail in the report's order, and to pages."""

    draft: Draft
    report_id: int
    held: list[Link]
    pages: dict[LinkKind, Link]


def draft_of(store: Store, mailbox: Mailbox, *, ask: bool = True) -> Draft | None:
    """Return the report that a mailbox would get; with `ask` of everything held."""
    with store.read() as db:
        return next(drafts.drafts(db, [mailbox.id], ask=ask), None)


def keep(store: Store, mailbox: Mailbox, *, ask: bool = True) -> Kept:
    """Keep a report of what is held for a mailbox, as if its mail had been sent."""
    draft = draft_of(store, mailbox, ask=ask)
    assert draft is not None
    return kept(store, draft)


def keep_due(store: Store, mailbox: Mailbox) -> Kept | None:
    """Keep the report that is due for a mailbox, as the worker does; None if there is none."""
    with store.write() as db:
        taken = planning.take(db)
    draft = draft_of(store, mailbox, ask=False) if mailbox.id in taken else None
    found = kept(store, draft) if draft and draft.is_wanted else None
    with store.write() as db:
        planning.settle(db, taken)
    return found


def kept(store: Store, draft: Draft) -> Kept:
    """Keep a report."""
    with store.write() as db:
        keeping.keep(db, [(draft, "")])
    with store.read() as db:
        links = {each: db.get_one(Link, each) for each in draft.link_ids.values()}
    found = {key: links[link_id] for key, link_id in draft.link_ids.items()}
    listed = (*draft.lines.new, *draft.lines.others)
    held = [found[LinkKind.HELD, each.id] for each in listed]
    pages = {kind: link for (kind, delivery_id), link in found.items() if delivery_id is None}
    return Kept(draft, next(iter(links.values())).report_id, held, pages)


def raw(store: Store, draft: Draft) -> bytes:
    """Return a report as it is sent."""
    mail = Renderer(store.settings).render(draft, Address.parse(draft.mailbox.address))
    return as_bytes(mail)


def rendered(store: Store, draft: Draft) -> EmailMessage:
    """Return a report as its reader's program sees it."""
    found = message_from_bytes(raw(store, draft), policy=default)
    assert isinstance(found, EmailMessage)
    return found


def mail_of(store: Store, mailbox: Mailbox, *, ask: bool = True) -> EmailMessage:
    """Return the report that a mailbox would get, as its reader's program sees it."""
    draft = draft_of(store, mailbox, ask=ask)
    assert draft is not None
    return rendered(store, draft)


def send(store: Store, mailbox: Mailbox) -> list[Draft]:
    """Queue a report of everything held, as `flask report send` does."""
    written, _ = sending.write(store, [mailbox.id], ask=True)
    with store.write() as db:
        sending.queue(db, written)
    return [each.draft for each in written]


def parts(mail: EmailMessage) -> tuple[str, str]:
    """Return text and HTML."""
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


def queued(store: Store) -> list[Delivery]:
    """Return the mails of reports, oldest first."""
    with store.read() as db:
        found = select(Delivery).where(Delivery.mail_class == MailClass.REPORT)
        return list(db.scalars(found.order_by(Delivery.id)))


def reports_of(store: Store) -> int:
    """Return how many reports were kept."""
    with store.read() as db:
        return db.scalar(select(func.count()).select_from(Report)) or 0
