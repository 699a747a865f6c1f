"""How things look everywhere: reasons as sentences, states as words, sizes, the outage banner."""

from datetime import date, datetime
from typing import Any

from babel.dates import format_skeleton
from flask import Flask, g
from flask_babel import format_datetime, format_decimal, get_locale, gettext, to_user_timezone
from flask_babel import lazy_gettext as _l

from mailstore import clock, copies, health
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from portal.reasons import sentences, warned_of

KILO = 1024
TURNS = dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


CLASSES = {
    MailClass.CLEAN: _l("ordinary mail"),
    MailClass.NEWSLETTER: _l("newsletter"),
    MailClass.SPAM: _l("spam"),
    MailClass.PHISH: _l("fraud"),
    MailClass.DANGEROUS: _l("dangerous attachment"),
    MailClass.VIRUS: _l("virus"),
    MailClass.REPORT: _l("report"),
}
STATES = {
    State.QUEUED: _l("waiting"),
    State.QUARANTINED: _l("held"),
    State.DELIVERED: _l("delivered"),
    State.FAILED: _l("refused by your mail server"),
    State.DELETED: _l("deleted"),
}

# What the timeline of a mail calls its steps.
STEPS = {
    "accepted": _l("It reached us."),
    "held": _l("It was held in the quarantine."),
    "released": _l("It was released from the quarantine."),
    "silent": _l("Your mail server did not answer; the message waited here."),
    "deferred": _l("Your mail server asked us to come again later."),
    "delivered": _l("Your mail server took it."),
    "failed": _l("Your mail server refused it."),
    "resent": _l("Somebody had it delivered again."),
    "bounced": _l("Its sender was told that it could not be delivered."),
    "delay_told": _l("Its sender was told that it still waits."),
    "reported_spam": _l("It was reported as spam."),
    "deleted": _l("It was deleted."),
}


def init_app(app: Flask) -> None:
    """Give templates their words and every page its banner."""
    app.jinja_env.finalize = without_turns
    app.jinja_env.filters.update(moment=moment, day=day, filesize=filesize)
    app.context_processor(lambda: {"classes": CLASSES, "states": STATES, "reasons": reasons})
    app.context_processor(lambda: {"warnings": warnings, "steps": STEPS})
    app.context_processor(_banner)


def reasons(delivery: Delivery) -> list[str]:
    """Return the sentences why a delivery was held, in the visitor's language."""
    return [gettext(sentence) for sentence in sentences(delivery.symbols)]


def warnings(delivery: Delivery) -> list[str]:
    """Return the sentences of what to beware of in a delivery, in the visitor's language."""
    return [gettext(sentence) for sentence in warned_of(delivery.warning)]


def without_turns(value: Any) -> Any:
    """Return what a template shows without characters that turn the direction of text.

    They make a name or a subject read as something that it is not.
    """
    return value.translate(TURNS) if isinstance(value, str) else value


def moment(at: datetime | None) -> str:
    """Return a time as people say it: today only the clock, else the day with it."""
    if at is None:
        return ""
    local, today = to_user_timezone(at), to_user_timezone(clock.now())
    time = str(format_datetime(at, "HH:mm"))
    if local.date() == today.date():
        return time
    return f"{day(at)} {time}" if local.year == today.year else day(at)


def day(at: date) -> str:
    """Return a day as people say it, with the year only where it is another one."""
    today = to_user_timezone(clock.now())
    local = to_user_timezone(at) if isinstance(at, datetime) else at
    skeleton = "MMMd" if local.year == today.year else "yMMMd"
    return format_skeleton(skeleton, local, locale=get_locale())


def filesize(size: int) -> str:
    """Return a size in the unit people use for files."""
    if size < KILO * KILO:
        return f"{max(size // KILO, 1)} KB"
    return f"{format_decimal(size / KILO / KILO, '0.0')} MB"


def _banner() -> dict[str, Any]:
    """Return what every page of a concerned person says of an outage."""
    scope = getattr(g, "scope", None)
    # An error page is drawn after its view's snapshot was closed.
    if scope is None or not scope.mailbox_ids or not g.db.in_transaction():
        return {"outage": None}
    why = health.why_waiting(g.db, scope.mailbox_ids)
    return {"outage": why, "waiting": copies.waiting(g.db, scope) if why else 0}
