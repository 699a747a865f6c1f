"""The report mail: rendered for one mailbox, and queued like any other mail.

It runs in the worker, without a request: language, zone and address of its links come from
rows and settings, never from a Host header. A report may be rendered twice, and is queued once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import structlog
from babel.dates import format_date
from babel.dates import format_datetime as format_moment
from babel.support import NullTranslations
from sqlalchemy.orm import Session

from mailstore import clock, mailboxes, outbox, reports, rights
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.envelopes import HeldRight
from mailstore.jobs import job
from mailstore.mailboxes import Mailbox
from mailstore.reports import Link, LinkKind, Report
from mailstore.rights import Rights
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.links import LinkSigner
from portal.mails import as_bytes, begun, fill, named, shown, spoken, templates, translations
from portal.reasons import reasons_of

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Line:
    """A held mail as the report shows it."""

    delivery: Delivery
    author: str
    subject: str
    at: str
    reasons: Sequence[str]
    url: str
    right: HeldRight


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a report is rendered from."""

    report: Report
    mailbox: Mailbox
    tenant: Tenant
    lines: Sequence[tuple[Link, Delivery]]
    pages: dict[LinkKind, Link]
    addresses: Sequence[str]
    rights: Rights

    def may_deliver(self, delivery: Delivery) -> bool:
        """Whether people may deliver a held mail themselves."""
        return self.rights.to(delivery) is HeldRight.DELIVER

    @property
    def language(self) -> str:
        """The language of the person, or else of the tenant, if there is a catalogue of it."""
        return spoken(self.mailbox.language, self.tenant.language)


@job
def begin_report(store: Store, mailbox_id: int) -> None:
    """Begin the report that is due for a mailbox; safe to run twice."""
    with store.write() as db:
        report = reports.begin_due(db, mailbox_id)
    if report is not None:
        send_report(store, report.id)


@job
def send_report(store: Store, report_id: int) -> None:
    """Render a report and queue it; a crash in between repeats it, at most once more."""
    with store.write() as db:
        if not reports.try_again_later(db, report_id):
            return
    with store.read() as db:
        contents = contents_of(db, report_id)
        recipient = mailboxes.resolve(db, Address.parse(contents.mailbox.address))
    if recipient is None:
        log.warning("report_without_recipient", report=report_id)
        return
    mail = Renderer(store).render(contents)
    author = Address.parse(store.settings.report_author)
    summary = outbox.summary_of(author, contents.tenant.name, str(mail["Subject"]))
    accepted, place = outbox.put_in_pack(store, recipient, as_bytes(mail), summary)
    with store.write() as db:
        if reports.mark_sent(db, report_id):
            outbox.queue(db, accepted, place)
            log.info("report_queued", report=report_id, lines=len(contents.lines))


def contents_of(db: Session, report_id: int) -> Contents:
    """Return all that a report is rendered from."""
    report = db.get_one(Report, report_id)
    return Contents(
        report=report,
        mailbox=db.get_one(Mailbox, report.mailbox_id),
        tenant=db.get_one(Tenant, report.tenant_id),
        lines=reports.lines(db, report_id),
        pages=reports.page_links(db, report_id),
        addresses=mailboxes.addresses_of(db, report.mailbox_id),
        rights=rights.of_mailboxes(db, [report.mailbox_id]),
    )


class Renderer:
    """Renders report mails in a person's language and zone."""

    def __init__(self, store: Store) -> None:
        self._settings = store.settings
        self._signer = LinkSigner(store.settings.signing_keys)

    def render(self, contents: Contents) -> EmailMessage:
        """Return the report as a mail with a text and an HTML part."""
        catalogue = translations(contents.language)
        count = len(contents.lines)
        subject = catalogue.ngettext(
            "%(num)d new message in quarantine", "%(num)d new messages in quarantine", count
        ) % {"num": count}
        mail = begun(
            subject,
            named(contents.tenant.name, self._settings.report_author),
            named(contents.mailbox.name, contents.mailbox.address),
            contents.tenant.zoneinfo,
            self._settings.hostname,
            "report",
        )
        fill(mail, templates(catalogue), "report/report", self._shown(contents, catalogue))
        return mail

    def first_url(self, contents: Contents) -> str:
        """Return the link of the first mail that people may deliver, or else of the quarantine."""
        releasable = (link for link, held in contents.lines if contents.may_deliver(held))
        return self._url(next(releasable, contents.pages[LinkKind.QUARANTINE]))

    def _shown(self, contents: Contents, catalogue: NullTranslations) -> dict[str, object]:
        language = contents.language
        return {
            "language": language,
            "tenant": contents.tenant.name,
            "name": contents.mailbox.name,
            "addresses": ", ".join(contents.addresses),
            "today": format_date(_today(contents.tenant.zoneinfo), "full", locale=language),
            "code": contents.report.code,
            "lines": [self._line(link, held, contents, catalogue) for link, held in contents.lines],
            "quarantine_url": self._url(contents.pages[LinkKind.QUARANTINE]),
            "webmail_url": self._url(contents.pages[LinkKind.WEBMAIL]),
            "held_days": contents.tenant.held_days,
        }

    def _line(
        self, link: Link, delivery: Delivery, contents: Contents, catalogue: NullTranslations
    ) -> Line:
        message = delivery.message
        name, author = message.author_name, message.author or message.sender
        return Line(
            delivery=delivery,
            author=shown(f"{name} <{author}>" if name else author),
            subject=shown(message.subject),
            at=_moment(delivery, contents.tenant.zoneinfo, contents.language),
            reasons=[
                catalogue.gettext(each) for each in reasons_of(delivery.reason, delivery.symbols)
            ],
            url=self._url(link),
            right=contents.rights.to(delivery),
        )

    def _url(self, link: Link) -> str:
        return f"{self._settings.base_url.rstrip('/')}/l/{self._signer.sign(link)}"


def _today(zone: ZoneInfo) -> date:
    return clock.now().astimezone(zone).date()


def _moment(delivery: Delivery, zone: ZoneInfo, language: str) -> str:
    return str(
        format_moment(delivery.accepted_at, "EEE d. MMM HH:mm", tzinfo=zone, locale=language)
    )
