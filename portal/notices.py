"""Notices of incidents: written in the words and the language of whoever is told.

They run in the worker, without a request. A mail shows what a person needs: since when, how much
of their own mail waits, and what to do; a webhook says the same to a program.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime as format_moment
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import accounts, copies, notices
from mailstore.accounts import Account
from mailstore.domains import Domain
from mailstore.incidents import Incident, IncidentKind, Told
from mailstore.jobs import job
from mailstore.lanes import Lane
from mailstore.notices import Audience, Notice, Way
from mailstore.scope import Scope
from mailstore.settings import Settings
from mailstore.store import Store
from mailstore.tenants import Tenant
from mailstore.wording import N_
from portal.mails import as_bytes, begun, fill, named, shown, spoken, templates, translations

HOME = "Mailhafen"
LONGEST_ERROR = 300
TROUBLES = {
    IncidentKind.DISK: N_("The disk is almost full; new mail is put off with 452."),
    IncidentKind.SCANNER: N_("A scanner does not answer; mail counts as not scanned."),
    IncidentKind.CERTIFICATE: N_("The certificate for STARTTLS ends soon, or cannot be used."),
    IncidentKind.QUEUE: N_("Mail is due for more than an hour though its server answers."),
    IncidentKind.CLOCK: N_("The clock jumped, or nothing ran for an hour; mail does not age now."),
    IncidentKind.JOB: N_("A job failed five times and rests until the worker starts anew."),
}


@dataclass(frozen=True, slots=True)
class News:
    """All that a notice is written from."""

    notice: Notice
    incident: Incident
    account: Account | None
    tenant: Tenant | None
    domains: tuple[str, ...]
    error: str
    waiting: int
    delivered: int

    @property
    def over(self) -> bool:
        """Whether it is told that the incident is over."""
        return self.notice.news is Told.OVER

    @property
    def language(self) -> str:
        """The language of whoever is told."""
        return spoken(*(each.language for each in (self.account, self.tenant) if each))

    @property
    def zone(self) -> ZoneInfo:
        """The zone that times are told in."""
        return self.tenant.zoneinfo if self.tenant else ZoneInfo("UTC")


@job
def write_notice(store: Store, notice_id: int) -> None:
    """Write a notice, whereupon it is sent; safe to run twice."""
    with store.write() as db:
        notice = notices.take(db, notice_id, written=False)
    if notice is None:
        return
    with store.read() as db:
        news = news_of(db, notice)
    if notice.way is Way.WEBHOOK:
        content = json.dumps(for_programs(news)).encode()
    else:
        content = as_bytes(mail_of(news, store.settings))
    with store.write() as db:
        notices.write(db, notice_id, content)


def news_of(db: Session, notice: Notice) -> News:
    """Return all that a notice is written from."""
    incident = db.get_one(Incident, notice.incident_id)
    account = db.get(Account, notice.account_id) if notice.account_id else None
    tenant = db.get(Tenant, notice.tenant_id) if notice.tenant_id else None
    lane = db.get(Lane, incident.lane_id) if incident.lane_id else None
    scope = _scope(db, notice, account)
    ours = select(Domain.name).where(Domain.lane_id == incident.lane_id).order_by(Domain.name)
    names = db.scalars(ours.where(Domain.tenant_id == notice.tenant_id)) if lane else ()
    return News(
        notice=notice,
        incident=incident,
        account=account,
        tenant=tenant,
        domains=tuple(names),
        error=shown((lane.last_error if lane else "") or incident.detail, LONGEST_ERROR),
        waiting=copies.waiting(db, scope, incident.lane_id) if scope else 0,
        delivered=copies.delivered_after(db, scope, incident) if scope else 0,
    )


def for_programs(news: News) -> dict[str, Any]:
    """Return what a webhook says."""
    incident = news.incident
    return {
        "type": f"{incident.kind}.{'ended' if news.over else 'began'}",
        "began_at": incident.began_at.isoformat(),
        "ended_at": incident.ended_at.isoformat() if incident.ended_at else None,
        "domains": list(news.domains),
        "error": news.error,
        "waiting": news.waiting,
        "delivered": news.delivered,
    }


def mail_of(news: News, settings: Settings) -> Any:
    """Return a notice as a mail with a text and an HTML part."""
    catalogue = translations(news.language)
    operator = news.notice.audience is Audience.OPERATOR
    subject = catalogue.gettext(_subject(news)) % {"host": settings.hostname}
    mail = begun(
        subject,
        named(news.tenant.name if news.tenant else HOME, settings.report_author),
        named(news.account.name if news.account else "", news.notice.target),
        news.zone,
        settings.hostname,
        "notice",
    )
    name = "notice/trouble" if operator else "notice/outage"
    fill(mail, templates(catalogue), name, _shown(news, settings, subject, catalogue.gettext))
    return mail


def _subject(news: News) -> str:
    if news.notice.audience is Audience.OPERATOR:
        return N_("%(host)s is well again") if news.over else N_("%(host)s needs a look")
    return (
        N_("Your mail server answers again")
        if news.over
        else N_("Your mail server does not answer")
    )


def _shown(news: News, settings: Settings, subject: str, say: Any) -> Mapping[str, Any]:
    base, kind = settings.base_url.rstrip("/"), news.incident.kind

    def moment(at: Any) -> str:
        when = "EEE d. MMM HH:mm"
        return str(format_moment(at, when, tzinfo=news.zone, locale=news.language))

    return {
        "language": news.language,
        "subject": subject,
        "name": news.account.name if news.account else "",
        "tenant": news.tenant.name if news.tenant else settings.hostname,
        "over": news.over,
        "admin": news.notice.audience is Audience.ADMIN,
        "since": moment(news.incident.began_at),
        "until": moment(news.incident.ended_at) if news.incident.ended_at else "",
        "waiting": news.waiting,
        "delivered": news.delivered,
        "domains": ", ".join(news.domains),
        "error": news.error,
        "trouble": say(TROUBLES[kind]) if kind in TROUBLES else "",
        "where": news.incident.subject,
        "webmail_url": f"{base}/webmail/",
        "admin_url": f"{base}/admin/delivery",
    }


def _scope(db: Session, notice: Notice, account: Account | None) -> Scope | None:
    if notice.audience is Audience.PERSON and account is not None:
        return accounts.scope_of(db, account)
    return Scope(notice.tenant_id) if notice.tenant_id else None
