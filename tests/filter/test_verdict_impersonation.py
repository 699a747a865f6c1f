from typing import Any

import pytest

from filter.rule import RULES
from filter.verdict import AUTHENTICATED, judge
from mailstore.envelopes import Action, Impersonation, MailClass, Symbol, Verdict
from mailstore.policies import MANDATORY
from tests.factories import BOB, a_recipient

NAME, FRAUD, ELSEWHERE = "PROTECTED_NAME_FROM_OUTSIDE", "CEO_FRAUD", "REPLY_TO_ELSEWHERE"
CONTENT = ("PRESSURE_WORDING", "BANK_CHANGE", "FIRST_CONTACT")
OFF, WARN, HOLD = Impersonation.OFF, Impersonation.WARN, Impersonation.HOLD


def verdict_on(names: tuple[str, ...], choice: Impersonation, **policy: Any) -> Verdict:
    recipient = a_recipient(impersonation=choice, allowed=frozenset({BOB.key}), **policy)
    return judge(recipient, BOB, [Symbol(name) for name in names])


@pytest.mark.parametrize(
    ("choice", "action", "mail_class", "warning"),
    [
        (OFF, Action.DELIVER, MailClass.CLEAN, ""),
        (WARN, Action.DELIVER, MailClass.CLEAN, f"{NAME},{FRAUD}"),
        (HOLD, Action.QUARANTINE, MailClass.PHISH, f"{NAME},{FRAUD}"),
    ],
)
@pytest.mark.parametrize("proof", [(), (AUTHENTICATED,)], ids=["not proven", "allowed and proven"])
def test_a_policy_chooses_what_becomes_of_a_pretender(
    choice: Impersonation, action: Action, mail_class: MailClass, warning: str, proof: tuple[str]
) -> None:
    found = verdict_on((NAME, FRAUD, *CONTENT, *proof), choice)
    assert (found.action, found.mail_class, found.warning) == (action, mail_class, warning)
    assert (found.score > 0) is (choice is not OFF)


@pytest.mark.parametrize("choice", list(Impersonation))
def test_content_alone_neither_holds_nor_warns(choice: Impersonation) -> None:
    found = verdict_on(CONTENT, choice)
    assert (found.action, found.warning, found.score) == (Action.DELIVER, "", 0)


def test_an_answer_that_leaves_warns_and_is_not_held_for_that_alone() -> None:
    found = verdict_on((ELSEWHERE,), HOLD)
    assert (found.action, found.warning) == (Action.DELIVER, ELSEWHERE)


def test_what_is_switched_off_weighs_nothing_even_by_a_policys_own_weight() -> None:
    found = verdict_on((NAME,), OFF, weights={NAME: 99.0})
    assert (found.score, [symbol.points for symbol in found.symbols]) == (0, [0])


def test_all_signs_together_stay_below_the_threshold() -> None:
    names = tuple(name for name, rule in RULES.items() if rule.warns)
    lookalike_or_forged = set(names) - {"OWN_DOMAIN_FORGED", "OWN_NAME_FROM_OUTSIDE"}
    assert verdict_on(tuple(lookalike_or_forged), WARN).action is Action.DELIVER


@pytest.mark.parametrize("choice", [OFF, WARN])
def test_other_marks_hold_whatever_is_chosen(choice: Impersonation) -> None:
    assert verdict_on(("VIRUS_FOUND", NAME), choice, mandatory=MANDATORY).action is Action.REJECT
    assert verdict_on(("EXECUTABLE_ATTACHMENT",), choice).mail_class is MailClass.DANGEROUS
