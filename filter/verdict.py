"""What becomes of a mail: pure functions from symbols to verdicts."""

from collections.abc import Sequence, Set
from dataclasses import replace

from filter.rule import RULES
from filter.trail import Step, follow
from mailstore.addresses import Address
from mailstore.envelopes import (
    UNSCANNED,
    Action,
    Attachments,
    Impersonation,
    MailClass,
    NewsletterAction,
    Policy,
    Recipient,
    Symbol,
    Unscanned,
    Verdict,
)

AUTHENTICATED = "AUTHENTICATED"
UNEXAMINED = "UNEXAMINED"
# The first that a symbol marks is what the mail is.
GRAVEST = (MailClass.VIRUS, MailClass.DANGEROUS, MailClass.PHISH, MailClass.SPAM)
HELD_AS = frozenset({MailClass.VIRUS, MailClass.DANGEROUS, MailClass.PHISH})
NOT_SCANNED = "not scanned"
UNCHECKED_DOMAIN = "SENDER_DOMAIN_UNCHECKED"
NOT_CHECKED = "sender domain not checked"
# Nobody looked at all of it, so it is not called clean.
INCOMPLETE = frozenset({UNEXAMINED, UNSCANNED})
TAKEN = frozenset({Action.DELIVER, Action.QUARANTINE})
ON_UNSCANNED = {Unscanned.HOLD: Action.QUARANTINE, Unscanned.DEFER: Action.DEFER}


def judge(recipient: Recipient, author: Address | None, symbols: Sequence[Symbol]) -> Verdict:
    """Decide for one recipient by its policy; the symbols that weigh most come first."""
    policy = recipient.policy
    names = {symbol.name for symbol in symbols}
    points = score(policy, names)
    mail_class = classify(policy, names, points)
    action, reason, trail = follow(_steps(policy, author, names, points, mail_class))
    weighed = [replace(symbol, points=weight_of(policy, symbol.name)) for symbol in symbols]
    weighed.sort(key=lambda symbol: -symbol.points)
    return Verdict(
        recipient,
        action,
        mail_class,
        points,
        reason,
        tuple(weighed),
        trail,
        _warning(policy, weighed),
    )


def score(policy: Policy, names: Set[str]) -> float:
    """Return the sum of a policy's points; each symbol counts once."""
    return sum(weight_of(policy, name) for name in names)


def weight_of(policy: Policy, name: str) -> float:
    """Return a policy's points for a symbol; the rule's own where the policy is silent."""
    if policy.impersonation is Impersonation.OFF and _warns(name):
        return 0.0
    default = RULES[name].weight if name in RULES else 0.0
    return policy.weights.get(name, default)


def classify(policy: Policy, names: Set[str], points: float) -> MailClass:
    """Return what a mail is; a newsletter that scores as spam is spam all the same."""
    if grave := _gravest(policy, names):
        return grave
    if points >= policy.quarantine_at:
        fraud = any(_suspects(policy, name) for name in names)
        return MailClass.PHISH if fraud else MailClass.SPAM
    if names & INCOMPLETE:
        return MailClass.SPAM
    newsletter = any(_mark(policy, name) is MailClass.NEWSLETTER for name in names)
    return MailClass.NEWSLETTER if newsletter else MailClass.CLEAN


def _gravest(policy: Policy, names: Set[str]) -> MailClass | None:
    """Return the gravest class that a symbol gives by itself, whatever the score."""
    marked = {_mark(policy, name) for name in names}
    return next((grave for grave in GRAVEST if grave in marked), None)


def _refuses(policy: Policy, grave: MailClass | None) -> bool:
    """Whether a policy refuses a class that it could hold."""
    return grave is MailClass.DANGEROUS and policy.attachments is Attachments.REFUSE


def _suspects(policy: Policy, name: str) -> bool:
    """Whether a symbol makes fraud of a mail that its score holds."""
    if name not in RULES or (_warns(name) and policy.impersonation is Impersonation.OFF):
        return False
    return RULES[name].suspects or RULES[name].marks is MailClass.PHISH


def _mark(policy: Policy, name: str) -> MailClass | None:
    """Return the class that a symbol gives a mail; signs of impersonation only where they hold."""
    if name not in RULES or (_warns(name) and policy.impersonation is not Impersonation.HOLD):
        return None
    return RULES[name].marks


def _warning(policy: Policy, symbols: Sequence[Symbol]) -> str:
    """Return the signs of impersonation that the reader is told of, joined by commas."""
    if policy.impersonation is Impersonation.OFF:
        return ""
    return ",".join(dict.fromkeys(symbol.name for symbol in symbols if _warns(symbol.name)))


def _warns(name: str) -> bool:
    return name in RULES and RULES[name].warns


def settle(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Turn rejects and deferrals into quarantine where another recipient takes the mail.

    SMTP has one reply to DATA for all recipients (RFC 5321 §4.1.1.4). Once some take
    the mail we cannot refuse it for the rest, and a bounce would go to a forged sender; nor can
    it come again for the rest alone.
    """
    if not any(verdict.action in TAKEN for verdict in verdicts):
        return list(verdicts)
    return [verdict if verdict.action in TAKEN else _held_instead(verdict) for verdict in verdicts]


def _held_instead(verdict: Verdict) -> Verdict:
    held = f"another recipient takes it → {Action.QUARANTINE}"
    return replace(verdict, action=Action.QUARANTINE, trail=(*verdict.trail, held))


def _steps(
    policy: Policy, author: Address | None, names: Set[str], points: float, mail_class: MailClass
) -> tuple[Step, ...]:
    """Ask what no list lifts first, then the lists, then the score; the first to speak decides."""
    hold, refuse = Action.QUARANTINE, Action.REJECT
    mandatory = ", ".join(sorted(names & policy.mandatory))
    who = author.key if author else None
    allowed = who in policy.allowed and AUTHENTICATED in names
    too_much = policy.reject_at is not None and points >= policy.reject_at
    unscanned = ON_UNSCANNED[policy.unscanned]
    grave = _gravest(policy, names)
    of = f"{points:.1f} of {policy.quarantine_at:.1f}"
    return (
        Step("mandatory rule", bool(mandatory), refuse, f"mandatory rule {mandatory}",
             mandatory, "none"),
        Step("block list", who in policy.blocked, refuse, "blocked author"),
        # DNS did not say whether it is forged; by the next attempt it may.
        Step("strict domain", UNCHECKED_DOMAIN in names, Action.DEFER, NOT_CHECKED,
             "not checked", "no objection"),
        Step("examined", UNEXAMINED in names, hold, "could not be examined", "no", "yes"),
        # What the score alone made of it can be lifted as the score can.
        Step("class", grave in HELD_AS, refuse if _refuses(policy, grave) else hold,
             f"class {mail_class}", mail_class, mail_class),
        # An author who is allowed can have caught a virus as well.
        Step("scanned", UNSCANNED in names, unscanned, NOT_SCANNED, "no", "yes"),
        # Anybody can write an allowed author into From: only one that is proven passes.
        Step("allow list", allowed, Action.DELIVER, "allowed author", f"{who} is proven",
             _not_allowed(policy, who)),
        Step("reject by score", too_much, refuse, "score", f"{points:.1f}"),
        Step("score", points >= policy.quarantine_at, hold, "score", of, of),
        Step("newsletter", _holds(policy, mail_class), hold, "newsletter"),
    )  # fmt: skip


def _not_allowed(policy: Policy, who: str | None) -> str:
    """Say why no entry lets a mail pass."""
    entries = sorted(policy.doubted) or [each for each in policy.allowed if each == who]
    if not entries:
        return "no"
    return f"entry {entries[0]} does not hold, author not proven"


def _holds(policy: Policy, mail_class: MailClass) -> bool:
    return mail_class is MailClass.NEWSLETTER and policy.newsletters is NewsletterAction.HOLD
