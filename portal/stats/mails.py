"""Reports about domains as mails: written in the worker, and each queued exactly once.

They run without a request. What they say of people is decided here, once, before a template sees
anything: to an address outside there is nothing to show but numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import clock, domains, figures, mailboxes, outbox, overview, stats, subscriptions
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.envelopes import Recipient
from mailstore.jobs import job
from mailstore.periods import Every, last_ended
from mailstore.settings import Settings
from mailstore.stats import Choice, Counted
from mailstore.store import Store
from mailstore.subscriptions import Kind, Subscription
from mailstore.tenants import Tenant
from mailstore.wording import N_
from portal.mails import begun_for, fill, named, put_in_pack, spoken, templates, translations
from portal.mails import shown as cut
from portal.stats import bars, sheets
from portal.stats.sheets import Sheet
from portal.stats.words import Words

log = structlog.get_logger()

Shown = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is about and how it is said; `detailed` lets it name people."""

    choice: Choice
    every: Every
    words: Words
    detailed: bool


@dataclass(frozen=True, slots=True)
class Written:
    """What a report says: the template of its kind, its subject, what it shows, and its numbers."""

    template: str
    subject: str
    shown: Shown
    file: str
    sheet: Sheet


@job
def send_subscription(store: Store, subscription_id: int) -> None:
    """Write a report that is due and queue it; safe to run twice, and to lose.

    Taking its time and queueing are one transaction: a crash before that repeats all of it.
    """
    with store.write() as db:
        found = db.get(Subscription, subscription_id)
        if found is None or found.due_at > clock.now():
            return
        tenant = db.get_one(Tenant, found.tenant_id)
        recipient = _recipient(db, store.settings, found)
    if recipient is None:
        with store.write() as db:
            if subscriptions.take(db, found, tenant):
                subscriptions.unsent(db, found)
                log.warning("report_without_recipient", report=found.id, tenant=tenant.id)
        return
    with store.read() as db:
        mail = mail_of(db, store.settings, found, tenant)
    stored = put_in_pack(store, tenant, recipient, mail)
    with store.write() as db:
        if subscriptions.take(db, found, tenant):
            outbox.queue(db, stored)
            subscriptions.sent(db, found)
            log.info("report_of_domains_queued", report=found.id)


def mail_of(db: Session, settings: Settings, found: Subscription, tenant: Tenant) -> EmailMessage:
    """Return a report as a mail with a text, an HTML part and its numbers as a file."""
    words = Words.of(spoken(found.language, tenant.language), tenant.zoneinfo)
    choice = stats.among(db, tenant.id, found.domain_ids)
    detailed = subscriptions.tells_of_people(db, found)
    writer = _statistics if found.kind is Kind.STATISTICS else _overview
    written = writer(db, Asked(choice, found.period, words, detailed))
    mail = begun_for(tenant, settings, written.subject, named("", found.address), "report")
    common: Shown = {
        "language": words.language,
        "subject": written.subject,
        "tenant": tenant.name,
        "domains": words.domains(choice),
        "every": found.period.value,
        "detailed": detailed,
        "words": words,
        "url": f"{settings.base_url.rstrip('/')}/admin/statistics/",
    }
    fill(
        mail, templates(translations(words.language)), written.template, {**common, **written.shown}
    )
    mail.add_attachment(
        sheets.as_csv(written.sheet, words.language),
        maintype="text",
        subtype="csv",
        filename=written.file,
        params={"charset": "utf-8"},
    )
    return mail


def _statistics(db: Session, asked: Asked) -> Written:
    words, choice, now = asked.words, asked.choice, clock.now()
    period = last_ended(asked.every, now, words.zone)
    found, say = stats.of(db, choice, period), translations(words.language).gettext
    subject = say(N_("Mail report: %(received)s received, %(held)s held, %(refused)s refused")) % {
        "received": words.number(found.received),
        "held": words.number(found.total(figures.HELD)),
        "refused": words.number(found.total(figures.REFUSED)),
    }
    outages = stats.outages(db, choice, period)
    shown = {
        "period": words.period(period),
        "by_hours": period.by_hours,
        "tiles": bars.tiles(found, words),
        "kinds": bars.kinds(found, words),
        "steps": bars.steps(found, words),
        "stack": bars.STACK,
        "times": bars.times(found, words),
        "outages": [(each, words.minutes(stats.lasted(each, now))) for each in outages],
        "senders": _clean(stats.senders(db, choice, period)) if asked.detailed else (),
        "recipients": stats.recipients(db, choice, period) if asked.detailed else (),
    }
    name, sheet = f"mail-{period.first}-{period.last}.csv", sheets.for_spreadsheet(found, words)
    return Written("overview/statistics", subject, shown, name, sheet)


def _clean(senders: Sequence[Counted]) -> Sequence[Counted]:
    """Return senders without what strangers put into an address to deceive readers."""
    return [Counted(cut(each.address), each.mails) for each in senders]


def _overview(db: Session, asked: Asked) -> Written:
    words, found, now = asked.words, overview.of(db, asked.choice), clock.now()
    subject = translations(words.language).ngettext(
        "Quarantine: %(held)s held for %(num)d person",
        "Quarantine: %(held)s held for %(num)d people",
        found.people,
    ) % {"held": words.number(found.total.count), "num": found.people}
    shown = {
        "period": words.moment(now),
        "tiles": bars.held_tiles(found, words),
        "kinds": bars.held_kinds(found, words),
        "people": found.people,
        "persons": found.persons[: bars.MOST_PERSONS] if asked.detailed else (),
    }
    name = f"quarantine-{now.astimezone(words.zone).date()}.csv"
    sheet = sheets.of_people(found, words, detailed=asked.detailed)
    return Written("overview/quarantine", subject, shown, name, sheet)


def _recipient(db: Session, settings: Settings, found: Subscription) -> Recipient | None:
    """Return how a report gets to its address; None if that is ours and is no mailbox any more."""
    address = Address.parse(found.address)
    if domains.ours(db, address.domain):
        return mailboxes.resolve(db, address)
    theirs = select(Domain).where(Domain.tenant_id == found.tenant_id).order_by(Domain.id)
    domain = db.scalar(theirs.limit(1))
    return outbox.towards(db, settings, address, domain) if domain else None
