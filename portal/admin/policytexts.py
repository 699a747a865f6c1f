"""The words for values of policies: groups, names, what they mean, and what they can be."""

from typing import Any

from flask_babel import lazy_gettext as _l

from mailstore.envelopes import (
    Attachments,
    HeldNotice,
    HeldRight,
    Impersonation,
    NewsletterAction,
    OwnLists,
    Unscanned,
)
from mailstore.origins import From
from mailstore.policies import STANDARD, WITHOUT_REPORT
from mailstore.policyvalues import Group

NOTICES = {
    HeldNotice.OFF: _l("Of nothing: the report is enough"),
    HeldNotice.BORDERLINE: _l("Of borderline cases, which are wanted more often"),
    HeldNotice.ALL: _l("Of every held message"),
}
UNNOTICED = _l("no reports: held mail goes unnoticed")
RECOMMENDED = {
    STANDARD: _l("Standard with quarantine report"),
    WITHOUT_REPORT: _l("Standard without report"),
}
GROUPS = {
    Group.SPAM: (
        _l("Spam and points"),
        _l(
            "Each message gets points for what speaks against it. The more points, the more "
            "surely it is spam."
        ),
    ),
    Group.NEWSLETTERS: (
        _l("Newsletters"),
        _l("Mailings that are wanted by some and not by others."),
    ),
    Group.IMPERSONATION: (
        _l("Fraud with known names"),
        _l("Strangers who write under the name of a colleague, a superior or a partner."),
    ),
    Group.ATTACHMENTS: (
        _l("Dangerous attachments"),
        _l("Programs, macros and the like. A virus is refused or held whatever is set here."),
    ),
    Group.REPORTS: (
        _l("Quarantine reports"),
        _l("The mail that tells people what was held for them."),
    ),
    Group.RETENTION: (
        _l("Retention"),
        _l(
            "How long copies and held mail are kept. Where nothing is set, the days of your "
            "organisation hold."
        ),
    ),
    Group.PEOPLE: (
        _l("What people may do"),
        _l(
            "With held mail of each kind, with senders, and with copies of their mail. Nobody"
            " ever delivers a virus."
        ),
    ),
    Group.SENDING: (
        _l("Limits of sending"),
        _l(
            "To how many recipients somebody may write. Whoever goes beyond is blocked for "
            "some hours."
        ),
    ),
}
LABELS = {
    "quarantine_at": _l("Mail is held from this score on"),
    "reject_at": _l("Mail is refused from this score on"),
    "own_score": _l("People choose their own score for holding, within these bounds"),
    "newsletters": _l("What becomes of newsletters"),
    "newsletter_tag": _l("The mark in their subject"),
    "impersonation": _l("Mail that pretends to come from somebody known"),
    "attachments": _l("Mail with a dangerous attachment"),
    "unscanned": _l("Mail that a scanner could not look at"),
    "report": _l("People get reports"),
    "report_on": _l("Reports come on these days"),
    "report_at": _l("Reports come at these times"),
    "report_choice": _l("People may choose other times, or none"),
    "report_empty": _l("A report comes also when nothing is new"),
    "report_tagged": _l("It lists the newsletters that were marked, too"),
    "report_refused": _l("It lists what was refused, too"),
    "report_folds_at": _l("Long reports only count spam from this score on"),
    "notice": _l("Of what people are told at once, by a mail of its own"),
    "keep_days": _l("Days that copies of all mail are kept"),
    "held_days": _l("Days that held mail is kept"),
    "rights.clean": _l("Ordinary mail that is held"),
    "rights.newsletter": _l("Held newsletters"),
    "rights.spam": _l("Held spam"),
    "rights.phish": _l("Held fraud"),
    "rights.dangerous": _l("Held mail with dangerous attachments"),
    "rights.virus": _l("Held viruses"),
    "rights.report": _l("Held mail of this service itself"),
    "own_lists": _l("People keep lists of senders of their own"),
    "webmail": _l("People read copies in the emergency webmail"),
    "send_hour": _l("Recipients within an hour"),
    "send_day": _l("Recipients within a day"),
    "send_hour_new": _l("Recipients within an hour, in the first week of an account"),
    "send_day_new": _l("Recipients within a day, in the first week of an account"),
    "send_unknown": _l("Unknown recipients within an hour"),
}
ABOUT = {
    "quarantine_at": _l(
        "Five is right for most. Less holds more spam, and more mail that is wanted."
    ),
    "reject_at": _l(
        "The sender is told that the message was not taken. Nothing of it can be found in"
        " the quarantine. Empty: nothing is refused for its score."
    ),
    "own_score": _l("Empty: everybody has the score above."),
    "newsletter_tag": _l(
        "It stands in front of the subject, so that mail programs can sort by it."
    ),
    "report": _l(
        "Without reports nobody notices what was held by mistake, unless they look into "
        "the quarantine themselves."
    ),
    "keep_days": _l("Seven days at least. Empty: as your organisation has it."),
    "held_days": _l("Seven days at least. Empty: as your organisation has it."),
    "own_lists": _l("Entries that are there already go on to count."),
    "webmail": _l(
        "Switched off, the webmail shows only mail that the mail server has not taken "
        "yet. Where your organisation has switched it off, it stays off."
    ),
}
RIGHTS: dict[Any, Any] = {
    HeldRight.DELIVER: _l("people deliver it themselves"),
    HeldRight.ASK: _l("people ask an administrator"),
    HeldRight.SEE: _l("people only see it"),
    HeldRight.HIDDEN: _l("people do not see it"),
}
CHOICES: dict[str, dict[Any, Any]] = {
    "newsletters": {
        NewsletterAction.TAG: _l("delivered with a mark in the subject"),
        NewsletterAction.HEADER: _l("delivered with a mark in the header only"),
        NewsletterAction.HOLD: _l("held"),
        NewsletterAction.NOTHING: _l("delivered as they are"),
    },
    "impersonation": {
        Impersonation.OFF: _l("delivered, nobody looks at it"),
        Impersonation.WARN: _l("delivered with a warning in the webmail"),
        Impersonation.HOLD: _l("held as fraud"),
    },
    "attachments": {Attachments.HOLD: _l("held"), Attachments.REFUSE: _l("refused")},
    "unscanned": {
        Unscanned.HOLD: _l("held until somebody has looked"),
        Unscanned.DEFER: _l("put off until the scanner answers"),
    },
    "notice": NOTICES,
    "own_lists": {
        OwnLists.YES: _l("yes"),
        OwnLists.BLOCK: _l("they may block, and allow nobody"),
        OwnLists.NO: _l("no"),
    },
}
ORIGINS = {
    From.RECOMMENDED: _l("from the recommended policy"),
    From.TENANT: _l("set for your organisation"),
    From.DOMAIN: _l("set for this domain"),
    From.PERSON: _l("set for this person"),
    From.CHOSEN: _l("chosen by the person"),
}
