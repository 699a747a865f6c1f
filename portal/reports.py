"""The report mail: rendered for one mailbox, and queued like any other mail.

It runs in the worker, without a request: language, zone and address of its links come from
rows and settings, never from a Host header. A report may be rendered twice, and is queued once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, make_msgid
from pathlib import Path
from zoneinfo import ZoneInfo

import jinja2
import structlog
from babel.dates import format_date
from babel.dates import format_datetime as format_moment
from babel.support import NullTranslations, Translations
from sqlalchemy.orm import Session

from mailstore import clock, mailboxes, outbox, reports
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.jobs import job
from mailstore.mailboxes import Mailbox
from mailstore.quarantine import SELF_SERVICE
from mailstore.reports import Link, LinkKind, Report
from mailstore.sandbox import ROOT
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.languages import FIRST, SPOKEN
from portal.links import LinkSigner
from portal.reasons import sentences

log = structlog.get_logger()

CATALOGUES = Path(__file__).parent / "translations"
LONGEST_SHOWN = 90
LONGEST_LINE = 998
KINDS = ("txt", "html")


@dataclass(frozen=True, slots=True)
class Line:
    """A held mail as the report shows it."""

    delivery: Delivery
    author: str
    subject: str
    at: str
    reasons: Sequence[str]
    url: str
    releasable: bool


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a report is rendered from."""

    report: Report
    mailbox: Mailbox
    tenant: Tenant
    lines: Sequence[tuple[Link, Delivery]]
    pages: dict[LinkKind, Link]
    addresses: Sequence[str]

    @property
    def language(self) -> str:
        """The language of the person, or else of the tenant, if there is a catalogue of it."""
        wished = self.mailbox.language or self.tenant.language
        return wished if wished in SPOKEN else FIRST


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
    )


def as_bytes(mail: EmailMessage) -> bytes:
    """Return a report as it is stored.

    Python 3.11 folds encoded words in the wrong places, so its lines are not folded; and an
    address that is not ASCII must not be encoded as words are (RFC 6532).
    """
    ascii_only = all(each.addr_spec.isascii() for each in mail["To"].addresses)
    policy = SMTP if ascii_only else SMTPUTF8
    return mail.as_bytes(policy=policy.clone(max_line_length=LONGEST_LINE))


class Renderer:
    """Renders report mails in a person's language and zone."""

    def __init__(self, store: Store) -> None:
        self._settings = store.settings
        self._signer = LinkSigner(store.settings.signing_keys)
        self._env = jinja2.Environment(
            loader=jinja2.FileSystemLoader(ROOT / "templates" / "mail"),
            autoescape=jinja2.select_autoescape(["html"]),
            extensions=["jinja2.ext.i18n"],
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, contents: Contents) -> EmailMessage:
        """Return the report as a mail with a text and an HTML part."""
        catalogue = translations(contents.language)
        env = self._env.overlay()
        # The i18n extension adds this method.
        env.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]  # of i18n
        shown = self._shown(contents, catalogue)
        count = len(contents.lines)
        mail = EmailMessage(policy=SMTP)
        mail["Subject"] = catalogue.ngettext(
            "%(num)d new message in quarantine", "%(num)d new messages in quarantine", count
        ) % {"num": count}
        mail["From"] = _named(contents.tenant.name, self._settings.report_author)
        mail["To"] = _named(contents.mailbox.name, contents.mailbox.address)
        mail["Date"] = format_datetime(clock.now().astimezone(contents.tenant.zoneinfo))
        mail["Message-ID"] = make_msgid("report", self._settings.hostname)
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        text, html = (env.get_template(f"report/report.{kind}").render(shown) for kind in KINDS)
        mail.set_content(text, cte="quoted-printable")
        mail.add_alternative(html, subtype="html", cte="quoted-printable")
        return mail

    def first_url(self, contents: Contents) -> str:
        """Return the link of the first mail that people may deliver, or else of the quarantine."""
        releasable = (link for link, held in contents.lines if held.mail_class in SELF_SERVICE)
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
            reasons=[catalogue.gettext(each) for each in sentences(delivery.symbols)],
            url=self._url(link),
            releasable=delivery.mail_class in SELF_SERVICE,
        )

    def _url(self, link: Link) -> str:
        return f"{self._settings.base_url.rstrip('/')}/l/{self._signer.sign(link)}"


def translations(language: str) -> NullTranslations:
    """Return the catalogue of a language; English texts are the source."""
    return Translations.load(CATALOGUES, [language])


def shown(text: str) -> str:
    """Return a foreign text on one line, cut, and without characters that turn its direction."""
    plain = "".join(filter(str.isprintable, text))
    return plain if len(plain) <= LONGEST_SHOWN else plain[: LONGEST_SHOWN - 1] + "…"


def _named(name: str, text: str) -> MailAddress:
    address = Address.parse(text)
    if address.local.startswith('"'):
        return MailAddress(name, addr_spec=text)
    return MailAddress(name, address.local, address.domain)


def _today(zone: ZoneInfo) -> date:
    return clock.now().astimezone(zone).date()


def _moment(delivery: Delivery, zone: ZoneInfo, language: str) -> str:
    return str(
        format_moment(delivery.accepted_at, "EEE d. MMM HH:mm", tzinfo=zone, locale=language)
    )
