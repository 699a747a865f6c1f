"""Mails about requests for held mail: to administrators that some wait, to a person of an answer.

They are written in the worker, and queued like any other mail. Nothing of a person's mail is in
those to administrators; what people write stands on one line in those to people.
"""

from collections.abc import Mapping
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import structlog

from mailstore import clock, outbox, requestnews, requests
from mailstore.deliveries import State
from mailstore.jobs import job
from mailstore.readers import Reader
from mailstore.requestnews import Waiting
from mailstore.requests import Asked, ReleaseRequest, RequestState
from mailstore.settings import Settings
from mailstore.store import Store
from mailstore.tenants import Tenant
from mailstore.texts import LONGEST_TEXT
from mailstore.wording import N_
from portal.mails import begun_for, fill, named, put_in_pack, shown, spoken, templates, translations

log = structlog.get_logger()

# A mail that was granted is scanned first, which may hold it again: then its person is told so.
SCANNED_SOON = timedelta(seconds=30)
SUBJECTS = {
    "delivered": N_("The message you asked for is on its way"),
    "refused": N_("The message you asked for stays in quarantine"),
    "stopped": N_("The message you asked for could not be delivered"),
}


@job
def tell_request(store: Store, request_id: int) -> None:
    """Tell whoever is to be told of a request; safe to run twice, and to lose."""
    with store.write() as db:
        taken = requestnews.take(db, request_id)
    if taken is None:
        return
    with store.read() as db:
        asked = requests.look(db, taken.tenant_id, taken.id)
    if asked is None:
        return
    if taken.state is not RequestState.OPEN:
        _tell_person(store, taken, asked)
    elif asked.open:
        _tell_administrators(store, taken)
    else:
        _wait(store, taken, None)


def _tell_administrators(store: Store, taken: ReleaseRequest) -> None:
    with store.read() as db:
        last = requestnews.last_told(db, taken.tenant_id)
        news = None if last else requestnews.waiting(db, taken.tenant_id)
    if last:
        _wait(store, taken, last + requestnews.TOLD_EVERY)
        return
    if news is None or not news.readers:
        log.warning("request_without_administrators", request=taken.id, tenant=taken.tenant_id)
        _wait(store, taken, clock.now() + requestnews.TOLD_EVERY)
        return
    mails = [(each, for_administrator(news, each, store.settings)) for each in news.readers]
    packed = [put_in_pack(store, news.tenant, reader.recipient, mail) for reader, mail in mails]
    with store.write() as db:
        if requestnews.told_administrators(db, taken, news):
            outbox.queue(db, *packed)
            log.info("requests_told", tenant=news.tenant.id, open=len(news.ids))


def _tell_person(store: Store, taken: ReleaseRequest, asked: Asked) -> None:
    if asked.delivery.state is State.RELEASING:
        _wait(store, taken, clock.now() + SCANNED_SOON)
        return
    with store.read() as db:
        reader = requestnews.person_of(db, asked)
        tenant = db.get_one(Tenant, taken.tenant_id)
    if reader is None:
        log.warning("request_without_mailbox", request=taken.id)
        _wait(store, taken, None)
        return
    mail = for_person(asked, reader, tenant, store.settings)
    stored = put_in_pack(store, tenant, reader.recipient, mail)
    with store.write() as db:
        if requestnews.told_person(db, taken):
            outbox.queue(db, stored)
            log.info("request_told", request=taken.id)


def for_administrator(news: Waiting, reader: Reader, settings: Settings) -> EmailMessage:
    """Return the mail that tells an administrator how many requests wait."""
    catalogue, count = translations(spoken(*reader.languages)), len(news.ids)
    subject = catalogue.ngettext(
        "%(num)d request for a held message", "%(num)d requests for held messages", count
    ) % {"num": count}
    more = {"count": count, "url": f"{_base(settings)}/admin/requests/"}
    return _mail("request/waiting", subject, reader, news.tenant, settings, more)


def for_person(asked: Asked, reader: Reader, tenant: Tenant, settings: Settings) -> EmailMessage:
    """Return the mail that tells a person what was decided about the mail they asked for."""
    message, outcome = asked.delivery.message, outcome_of(asked)
    name, author = message.author_name, message.author or message.sender
    more = {
        "outcome": outcome,
        "about": shown(message.subject),
        "author": shown(f"{name} <{author}>" if name else author),
        "mailbox": asked.mailbox.address,
        "answer": shown(asked.request.answer.replace("\n", " "), LONGEST_TEXT),
        "url": f"{_base(settings)}/quarantine/{asked.delivery.id}/ask",
    }
    subject = translations(spoken(*reader.languages)).gettext(SUBJECTS[outcome])
    return _mail("request/answered", subject, reader, tenant, settings, more)


def outcome_of(asked: Asked) -> str:
    """Return what a request came to: delivered, refused, or stopped after it was granted."""
    if asked.request.state is RequestState.REFUSED:
        return "refused"
    kept = (State.QUARANTINED, State.DELETED)
    return "stopped" if asked.delivery.state in kept else "delivered"


def _mail(
    template: str, subject: str, reader: Reader, tenant: Tenant, settings: Settings,
    more: Mapping[str, Any],
) -> EmailMessage:  # fmt: skip
    language = spoken(*reader.languages)
    to = named(reader.name, str(reader.recipient.address))
    mail = begun_for(tenant, settings, subject, to, "request")
    common = {"language": language, "subject": subject, "name": reader.name, "tenant": tenant.name}
    fill(mail, templates(translations(language)), template, common | dict(more))
    return mail


def _wait(store: Store, taken: ReleaseRequest, until: Any) -> None:
    with store.write() as db:
        requestnews.wait(db, taken, until)


def _base(settings: Settings) -> str:
    return settings.base_url.rstrip("/")
