from collections.abc import Sequence
from typing import Any

import pytest

from filter.verdict import AUTHENTICATED, UNEXAMINED, classify, judge, score, settle
from mailstore.addresses import Address
from mailstore.envelopes import (
    Action,
    Attachments,
    MailClass,
    NewsletterAction,
    Policy,
    Symbol,
    Verdict,
)
from mailstore.policies import MANDATORY
from tests.factories import BOB, a_recipient, a_verdict

KNOWS_BOB = {"allowed": frozenset({BOB.key})}
SHUNS_BOB = {"blocked": frozenset({BOB.key})}
NO_VIRUS = {"mandatory": MANDATORY}
PROVEN = (AUTHENTICATED,)
VIRUS, OLD_PROGRAM = ("VIRUS_FOUND",), ("CMR-HDR-OE-EOL",)
DANGEROUS, SPAM, NEWSLETTER = ("EXECUTABLE_ATTACHMENT",), ("GTUBE",), ("NEWSLETTER",)
DELIVER, QUARANTINE, REJECT = Action.DELIVER, Action.QUARANTINE, Action.REJECT


def verdict_on(
    names: Sequence[str], policy: dict[str, Any], author: Address | None = BOB
) -> Verdict:
    return judge(a_recipient(**policy), author, [Symbol(name) for name in names])


@pytest.mark.parametrize(
    ("names", "policy", "action"),
    [
        (VIRUS, NO_VIRUS, REJECT),
        (OLD_PROGRAM, NO_VIRUS, REJECT),
        ((*PROVEN, *VIRUS), NO_VIRUS | KNOWS_BOB, REJECT),
        ((*PROVEN, *OLD_PROGRAM), NO_VIRUS | KNOWS_BOB, REJECT),
        ((*VIRUS, UNEXAMINED), NO_VIRUS, REJECT),
        (OLD_PROGRAM, {}, DELIVER),
        (VIRUS, {}, QUARANTINE),
    ],
    ids=[
        "virus",
        "old program",
        "virus from an allowed author",
        "old program of an allowed author",
        "before it broke off",
        "nothing is mandatory",
        "a virus is held all the same",
    ],
)
def test_a_mandatory_symbol_refuses_whatever_a_list_says(
    names: Sequence[str], policy: dict[str, Any], action: Action
) -> None:
    assert verdict_on(names, policy).action is action


@pytest.mark.parametrize(
    ("names", "policy"),
    [((), SHUNS_BOB), (PROVEN, SHUNS_BOB | KNOWS_BOB), (DANGEROUS, SHUNS_BOB)],
    ids=["clean", "allowed too", "held anyway"],
)
def test_a_blocked_author_is_refused(names: Sequence[str], policy: dict[str, Any]) -> None:
    found = verdict_on(names, policy)
    assert (found.action, found.reason) == (REJECT, "blocked author")


@pytest.mark.parametrize("name", [DANGEROUS[0], VIRUS[0], UNEXAMINED])
def test_what_can_do_harm_is_held_though_its_author_is_allowed(name: str) -> None:
    assert verdict_on((*PROVEN, name), KNOWS_BOB).action is QUARANTINE


@pytest.mark.parametrize(
    ("names", "author", "action"),
    [
        ((*PROVEN, *SPAM), BOB, DELIVER),
        ((*PROVEN, *SPAM), Address("BOB", BOB.domain), DELIVER),
        (SPAM, BOB, QUARANTINE),
        ((*PROVEN, *SPAM), Address("eve", BOB.domain), QUARANTINE),
        ((*PROVEN, *SPAM), None, QUARANTINE),
    ],
    ids=["proven", "other case", "not proven", "other author", "no author"],
)
def test_an_allowed_author_passes_only_when_proven(
    names: Sequence[str], author: Address | None, action: Action
) -> None:
    assert verdict_on(names, KNOWS_BOB, author).action is action


@pytest.mark.parametrize(
    ("points", "limits", "action"),
    [
        (4.9, {}, DELIVER),
        (5.0, {}, QUARANTINE),
        (1000.0, {}, QUARANTINE),
        (9.9, {"reject_at": 10.0}, QUARANTINE),
        (10.0, {"reject_at": 10.0}, REJECT),
        (3.0, {"quarantine_at": 3.0}, QUARANTINE),
        (3.0, {"quarantine_at": 8.0, "reject_at": 2.0}, REJECT),
    ],
    ids=[
        "just below",
        "at the threshold",
        "no reject unless set",
        "below reject",
        "at reject",
        "own threshold",
        "reject below quarantine",
    ],
)
def test_the_score_decides_by_the_policys_thresholds(
    points: float, limits: dict[str, Any], action: Action
) -> None:
    found = verdict_on(("A",), {"weights": {"A": points}} | limits)
    assert (found.action, found.reason, found.score) == (action, "score", points)


@pytest.mark.parametrize("action", list(NewsletterAction))
def test_a_newsletter_is_held_only_where_the_policy_says_so(action: NewsletterAction) -> None:
    found = verdict_on(NEWSLETTER, {"newsletters": action})
    held = action is NewsletterAction.HOLD
    assert (found.action is QUARANTINE, found.mail_class) == (held, MailClass.NEWSLETTER)


def test_dangerous_attachments_are_refused_only_where_the_policy_says_so() -> None:
    refuses = {"attachments": Attachments.REFUSE}
    assert verdict_on(DANGEROUS, {}).action is QUARANTINE
    refused = verdict_on((*PROVEN, *DANGEROUS), refuses | KNOWS_BOB)
    assert (refused.action, refused.mail_class) == (REJECT, MailClass.DANGEROUS)
    assert verdict_on(VIRUS, refuses).action is QUARANTINE
    assert verdict_on((*VIRUS, *DANGEROUS), refuses).action is QUARANTINE


def test_an_allowed_newsletter_is_not_held() -> None:
    policy = KNOWS_BOB | {"newsletters": NewsletterAction.HOLD}
    assert verdict_on((*PROVEN, *NEWSLETTER), policy).action is DELIVER


@pytest.mark.parametrize(
    ("names", "points", "mail_class"),
    [
        ({"NEWSLETTER", "GTUBE", "EXECUTABLE_ATTACHMENT", "VIRUS_FOUND"}, 0.0, MailClass.VIRUS),
        ({"GTUBE", "EXECUTABLE_ATTACHMENT"}, 99.0, MailClass.DANGEROUS),
        ({"NEWSLETTER", "GTUBE"}, 0.0, MailClass.SPAM),
        ({"NEWSLETTER"}, 5.0, MailClass.SPAM),
        ({UNEXAMINED}, 0.0, MailClass.SPAM),
        ({"LINK_TEXT_MISLEADS"}, 5.0, MailClass.PHISH),
        ({"LINK_TEXT_MISLEADS"}, 4.9, MailClass.CLEAN),
        ({"CEO_FRAUD", "NEWSLETTER"}, 5.0, MailClass.PHISH),
        ({"NEWSLETTER"}, 4.9, MailClass.NEWSLETTER),
        ({"NOBODY_KNOWS"}, 4.9, MailClass.CLEAN),
    ],
    ids=[
        "virus",
        "dangerous",
        "marked",
        "by score",
        "unexamined",
        "fraud by score",
        "not held",
        "impersonation",
        "newsletter",
        "clean",
    ],
)
def test_the_gravest_mark_says_what_a_mail_is(
    names: set[str], points: float, mail_class: MailClass
) -> None:
    assert classify(Policy(), names, points) is mail_class


def test_what_only_its_score_makes_fraud_an_entry_lifts_like_the_score() -> None:
    policy = KNOWS_BOB | {"weights": {"LINK_TEXT_MISLEADS": 9.0}}
    assert verdict_on(("LINK_TEXT_MISLEADS",), policy).mail_class is MailClass.PHISH
    assert verdict_on(("LINK_TEXT_MISLEADS",), policy).action is QUARANTINE
    assert verdict_on((*PROVEN, "LINK_TEXT_MISLEADS"), policy).action is DELIVER


def test_a_policys_weight_goes_before_the_rules_own() -> None:
    policy = Policy(weights={"SPF_FAIL": 0.5})
    assert score(policy, {"SPF_FAIL", "MISSING_DATE", "NOBODY_KNOWS"}) == pytest.approx(1.9)


def test_a_symbol_found_twice_counts_once() -> None:
    assert verdict_on(("A", "A"), {"weights": {"A": 3.0}}).score == 3.0


def of(action: Action) -> Verdict:
    held = a_verdict(a_recipient(), held=action is QUARANTINE)
    return held if action is not REJECT else verdict_on((), SHUNS_BOB)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([REJECT, REJECT], [REJECT, REJECT]),
        ([REJECT, DELIVER], [QUARANTINE, DELIVER]),
        ([QUARANTINE, REJECT], [QUARANTINE, QUARANTINE]),
        ([DELIVER], [DELIVER]),
        ([], []),
    ],
    ids=["all refuse", "one takes it", "one holds it", "nobody refuses", "nobody"],
)
def test_a_refusal_becomes_quarantine_where_another_recipient_takes_the_mail(
    before: list[Action], after: list[Action]
) -> None:
    settled = settle([of(action) for action in before])
    assert [verdict.action for verdict in settled] == after
