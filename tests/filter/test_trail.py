from collections.abc import Sequence
from typing import Any

import pytest

from filter.verdict import AUTHENTICATED, UNCHECKED_DOMAIN, UNEXAMINED, judge, settle
from mailstore.envelopes import Action, NewsletterAction, Symbol
from mailstore.policies import MANDATORY
from tests.factories import BOB, a_recipient

BEGUN = ("mandatory rule: none", "block list: no")
WHOLE = ("strict domain: no objection", "examined: yes")
NO_LIST = ("allow list: no", "reject by score: no")
KNOWN = {"allowed": frozenset({BOB.key})}


def trail(names: Sequence[str], **policy: Any) -> tuple[str, ...]:
    recipient = a_recipient(mandatory=MANDATORY, **policy)
    return judge(recipient, BOB, [Symbol(name) for name in names]).trail


@pytest.mark.parametrize(
    ("names", "policy", "expected"),
    [
        (["VIRUS_FOUND"], KNOWN, ("mandatory rule: VIRUS_FOUND → reject",)),
        ([], {"blocked": frozenset({BOB.key})}, (BEGUN[0], "block list: yes → reject")),
        ([UNCHECKED_DOMAIN], KNOWN, (*BEGUN, "strict domain: not checked → defer")),
        ([UNEXAMINED], {}, (*BEGUN, WHOLE[0], "examined: no → quarantine")),
        (["EXECUTABLE_ATTACHMENT"], {}, (*BEGUN, *WHOLE, "class: dangerous → quarantine")),
        ([AUTHENTICATED, "GTUBE"], KNOWN, (*BEGUN, *WHOLE, "class: spam", "scanned: yes",
         "allow list: bob@there.example is proven → deliver")),
        (["A"], {"weights": {"A": 7.25}}, (*BEGUN, *WHOLE, "class: spam", "scanned: yes",
         *NO_LIST, "score: 7.2 of 5.0 → quarantine")),
        (["A"], {"weights": {"A": 3.25}}, (*BEGUN, *WHOLE, "class: clean", "scanned: yes",
         *NO_LIST, "score: 3.2 of 5.0", "newsletter: no",
         "nothing speaks against it → deliver")),
        (["NEWSLETTER"], {"newsletters": NewsletterAction.HOLD}, (*BEGUN, *WHOLE,
         "class: newsletter", "scanned: yes", *NO_LIST, "score: 0.0 of 5.0",
         "newsletter: yes → quarantine")),
    ],
    ids=["virus", "blocked", "put off", "not examined", "dangerous", "allowed", "spam", "clean",
         "newsletter"],
)  # fmt: skip
def test_the_trail_says_what_was_asked_down_to_what_decided(
    names: list[str], policy: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert trail(names, **policy) == expected


@pytest.mark.parametrize(
    ("policy", "entry"),
    [
        (KNOWN, "bob@there.example"),
        ({"doubted": frozenset({"there.example"})}, "there.example"),
    ],
    ids=["no proof found", "another proof than asked for"],
)
def test_the_trail_says_that_an_entry_does_not_hold(policy: dict[str, Any], entry: str) -> None:
    said = f"allow list: entry {entry} does not hold, author not proven"
    assert said in trail(["GTUBE"], **policy)


def test_the_trail_says_that_others_take_what_this_one_refuses() -> None:
    refusing = judge(a_recipient(blocked=frozenset({BOB.key})), BOB, [])
    held, taken = settle([refusing, judge(a_recipient(), BOB, [])])
    assert held.trail[-2:] == (
        "block list: yes → reject", "another recipient takes it → quarantine"
    )  # fmt: skip
    assert (held.action, taken.action) == (Action.QUARANTINE, Action.DELIVER)
