"""What becomes of a mail: pure functions from symbols to verdicts."""

from collections.abc import Sequence, Set
from dataclasses import replace

from filter.rule import RULES
from mailstore.addresses import Address
from mailstore.envelopes import (
    Action,
    MailClass,
    NewsletterAction,
    Policy,
    Recipient,
    Symbol,
    Verdict,
)

AUTHENTICATED = "AUTHENTICATED"
UNEXAMINED = "UNEXAMINED"
# The first that a symbol marks is what the mail is.
GRAVEST = (MailClass.VIRUS, MailClass.DANGEROUS, MailClass.PHISH, MailClass.SPAM)
HELD_AS = frozenset({MailClass.VIRUS, MailClass.DANGEROUS, MailClass.PHISH})


def judge(recipient: Recipient, author: Address | None, symbols: Sequence[Symbol]) -> Verdict:
    """Decide for one recipient by its policy; the symbols that weigh most come first."""
    policy = recipient.policy
    names = {symbol.name for symbol in symbols}
    points = score(policy, names)
    mail_class = classify(policy, names, points)
    action, reason = _decide(policy, author, names, points, mail_class)
    weighed = [replace(symbol, points=weight_of(policy, symbol.name)) for symbol in symbols]
    weighed.sort(key=lambda symbol: -symbol.points)
    return Verdict(recipient, action, mail_class, points, reason, tuple(weighed))


def score(policy: Policy, names: Set[str]) -> float:
    """Return the sum of a policy's points; each symbol counts once."""
    return sum(weight_of(policy, name) for name in names)


def weight_of(policy: Policy, name: str) -> float:
    """Return a policy's points for a symbol; the rule's own where the policy is silent."""
    default = RULES[name].weight if name in RULES else 0.0
    return policy.weights.get(name, default)


def classify(policy: Policy, names: Set[str], points: float) -> MailClass:
    """Return what a mail is; a newsletter that scores as spam is spam all the same."""
    marked = {RULES[name].marks for name in names if name in RULES}
    for grave in GRAVEST:
        if grave in marked:
            return grave
    if points >= policy.quarantine_at or UNEXAMINED in names:
        return MailClass.SPAM
    return MailClass.NEWSLETTER if MailClass.NEWSLETTER in marked else MailClass.CLEAN


def settle(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Turn rejects into quarantine where another recipient takes the mail.

    SMTP has one reply to DATA for all recipients (RFC 5321 §4.1.1.4). Once some take
    the mail we cannot refuse it for the rest, and a bounce would go to a forged sender.
    """
    if all(verdict.action is Action.REJECT for verdict in verdicts):
        return list(verdicts)
    return [
        replace(verdict, action=Action.QUARANTINE) if verdict.action is Action.REJECT else verdict
        for verdict in verdicts
    ]


def _decide(
    policy: Policy, author: Address | None, names: Set[str], points: float, mail_class: MailClass
) -> tuple[Action, str]:
    """Ask what no list lifts first, then the lists, then the score; the first to speak decides."""
    mandatory = names & policy.mandatory
    who = author.key if author else None
    allowed = who in policy.allowed and AUTHENTICATED in names
    held = points >= policy.quarantine_at
    steps = (
        (bool(mandatory), Action.REJECT, f"mandatory rule {', '.join(sorted(mandatory))}"),
        (who in policy.blocked, Action.REJECT, "blocked author"),
        (UNEXAMINED in names, Action.QUARANTINE, "could not be examined"),
        (mail_class in HELD_AS, Action.QUARANTINE, f"class {mail_class}"),
        # Anybody can write an allowed author into From: only one that is proven passes.
        (allowed, Action.DELIVER, "allowed author"),
        (policy.reject_at is not None and points >= policy.reject_at, Action.REJECT, "score"),
        (held, Action.QUARANTINE, "score"),
        (_holds(policy, mail_class), Action.QUARANTINE, "newsletter"),
    )
    return next(
        ((action, why) for speaks, action, why in steps if speaks), (Action.DELIVER, "score")
    )


def _holds(policy: Policy, mail_class: MailClass) -> bool:
    return mail_class is MailClass.NEWSLETTER and policy.newsletters is NewsletterAction.HOLD
