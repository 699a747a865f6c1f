"""How things look everywhere: reasons as sentences, states as words, sizes, what each page says."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from flask import Flask, g
from flask_babel import format_decimal
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from mailstore import copies, health, requests
from mailstore.accounts import KEEPERS, Role
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.health import Waiting
from mailstore.wording import N_
from portal import drawing, voices
from portal.admin import places
from portal.content.turns import TURNS
from portal.reasons import MOST, reasons_of, warned_of
from portal.voices import Voice

KILO = 1024
_TURNS = tuple(map(chr, TURNS))

CLASSES = {
    MailClass.CLEAN: N_("ordinary mail"),
    MailClass.NEWSLETTER: N_("newsletter"),
    MailClass.SPAM: N_("spam"),
    MailClass.PHISH: N_("fraud"),
    MailClass.DANGEROUS: N_("dangerous attachment"),
    MailClass.VIRUS: N_("virus"),
    MailClass.REPORT: N_("report"),
}
ROLES = {
    Role.OPERATOR: N_("operator"),
    Role.ADMIN: N_("administrator"),
    Role.DOMAIN_ADMIN: N_("domain administrator"),
    Role.QUARANTINE_ADMIN: N_("quarantine administrator"),
    Role.USER: N_("person"),
}
STATES = {
    State.QUEUED: N_("waiting"),
    State.QUARANTINED: N_("held"),
    State.RELEASING: N_("being checked once more"),
    State.DELIVERED: N_("delivered"),
    State.FAILED: N_("refused by your mail server"),
    State.DELETED: N_("deleted"),
}

# What the timeline of a mail calls its steps.
STEPS = {
    "accepted": N_("It reached us."),
    "held": N_("It was held in the quarantine."),
    "released": N_("It was released from the quarantine."),
    "release_asked": N_("An administrator was asked to deliver it."),
    "request_granted": N_("An administrator agreed to deliver it."),
    "request_refused": N_("An administrator decided not to deliver it."),
    "content_read": N_("An administrator read it to decide about it."),
    "releasing": N_("It is being checked once more before it goes on."),
    "release_stopped": N_("The check before delivery stopped it, so it is held again."),
    "silent": N_("Your mail server did not answer; the message waited here."),
    "deferred": N_("Your mail server asked us to come again later."),
    "delivered": N_("Your mail server took it."),
    "failed": N_("Your mail server refused it."),
    "resent": N_("Somebody had it delivered again."),
    "bounced": N_("Its sender was told that it could not be delivered."),
    "delay_told": N_("Its sender was told that it still waits."),
    "reported_spam": N_("It was reported as spam."),
    "reported_not_spam": N_("It was reported not to be spam."),
    "deleted": N_("It was deleted."),
    "deleted_as_spam": N_("It was deleted as spam."),
    "undeleted": N_("Its deletion was taken back."),
    "expired": N_("Its time in the quarantine was over, so it was deleted."),
}
# The same for whoever wrote it.
STEPS_AWAY = STEPS | {
    "accepted": N_("It was written and handed to us."),
    "held": N_("It was held: an administrator decides whether it goes out."),
    "silent": N_("The recipient's mail server did not answer; the message waited here."),
    "deferred": N_("The recipient's mail server asked us to come again later."),
    "delivered": N_("The recipient's mail server took it."),
    "failed": N_("The recipient's mail server refused it."),
}
STATES_AWAY = STATES | {
    State.QUARANTINED: N_("held, an administrator decides"),
    State.FAILED: N_("refused by the recipient's mail server"),
}


def init_app(app: Flask) -> None:
    """Give templates their words and every page its banner."""
    drawing.init_app(app)
    app.jinja_env.code_generator_class = drawing.Lean
    app.jinja_env.context_class = drawing.Direct
    app.jinja_env.finalize = shown
    app.jinja_env.globals["rail_places"] = places.places
    app.jinja_env.filters.update(moment=moment, day=day, filesize=filesize, gigabytes=gigabytes)
    app.context_processor(_spoken)
    app.context_processor(_banner)
    app.context_processor(_asked_for)


def shown(value: Any) -> str:
    """Return a value as HTML, without characters that turn the direction of text.

    They make a name or a subject read as something that it is not.
    """
    if type(value) is int:
        return str(value)
    html = value if isinstance(value, Markup) else escape(value)
    # Nearly no text has one: a look for each costs a fraction of a copy without them.
    if html.isascii() or not any(map(html.__contains__, _TURNS)):
        return html
    return html.translate(TURNS)


@pass_context
def moment(context: Context, at: datetime | None, *, seconds: bool = False) -> str:
    """Return a time as people say it: today only the clock, else the day with it."""
    voice: Voice = context["voice"]
    return voice.moment(at, seconds=seconds)


@pass_context
def day(context: Context, at: date) -> str:
    """Return a day as people say it, with the year only where it is another one."""
    voice: Voice = context["voice"]
    return voice.day(at)


def filesize(size: int) -> str:
    """Return a size in the unit people use for files."""
    if size < KILO * KILO:
        return f"{max(size // KILO, 1)} KB"
    return f"{format_decimal(size / KILO / KILO, '0.0')} MB"


def gigabytes(size: int) -> str:
    """Return how much room something takes, in the unit people buy disks by."""
    if size < KILO**3:
        return f"{max(round(size / KILO / KILO), 1)} MB" if size else "0 MB"
    return f"{format_decimal(size / KILO**3, '0.0')} GB"


def _spoken() -> dict[str, Any]:
    """Return what templates say, in the visitor's language."""
    voice = voices.current()

    def why(delivery: Delivery, most: int = MOST) -> str:
        """Return why a mail is held: the rules' sentences, or else what decided."""
        said = reasons_of(delivery.reason, delivery.symbols)[:most]
        return Markup(" ").join(map(voice.text, said))

    def warnings(delivery: Delivery) -> list[str]:
        """Return the sentences of what to beware of in a delivery."""
        return list(map(voice.text, warned_of(delivery.warning)))

    return {
        "voice": voice,
        "_": voice.text,
        "gettext": voice.text,
        "ngettext": voice.texts,
        "why_held": why,
        "warnings": warnings,
        "drawn_author": lambda message: drawing.author(voice, message),
        "subject": lambda message: message.subject or voice.text(N_("(no subject)")),
        **_tables(voice),
    }


@lru_cache
def _tables(voice: Voice) -> dict[str, Mapping[Any, str]]:
    tables: dict[str, Mapping[Any, str]] = {
        "classes": CLASSES,
        "role_names": ROLES,
        "states": STATES,
        "steps": STEPS,
        "states_away": STATES_AWAY,
        "steps_away": STEPS_AWAY,
    }
    return {
        name: {key: voice.text(word) for key, word in table.items()}
        for name, table in tables.items()
    }


def _banner() -> dict[str, Any]:
    """Return what every page of a concerned person says of an outage."""
    scope = getattr(g, "scope", None)
    # An error page is drawn after its view's snapshot was closed.
    if scope is None or not scope.mailbox_ids or not g.db.in_transaction():
        return {"outage": None}
    why = why_waiting()
    return {"outage": why, "waiting": copies.waiting(g.db, scope) if why else 0}


def why_waiting() -> Waiting | None:
    """Return why mail of this visitor waits, looked up once a request; None if nothing is wrong."""
    if "why_waiting" not in g:
        ids = g.scope.mailbox_ids
        g.why_waiting = health.why_waiting(g.db, ids) if ids else None
    why: Waiting | None = g.why_waiting
    return why


def _asked_for() -> dict[str, Any]:
    """Return how many requests wait for an administrator, which each page of theirs says."""
    visitor = getattr(g, "visitor", None)
    account = visitor.account if visitor and g.db.in_transaction() else None
    if account is None or account.role not in KEEPERS or account.tenant_id is None:
        return {"open_requests": 0}
    return {"open_requests": requests.count_open(g.db, account.tenant_id)}
