import re
from typing import Any

import pytest

from filter import reply
from filter.rule import RULES
from filter.verdict import judge
from mailstore.envelopes import Attachments, Symbol, Verdict
from mailstore.policies import MANDATORY
from tests.factories import BOB, a_recipient

ENHANCED = re.compile(r"([245])\d\d \1\.\d{1,3}\.\d{1,3} [ -~]+")
LONGEST = 510  # RFC 5321 §4.5.3.1.5, without CRLF


def refused(symbol: str, **policy: Any) -> Verdict:
    return judge(a_recipient(**policy), BOB, [Symbol(symbol)])


@pytest.mark.parametrize(
    ("verdict", "answer"),
    [
        (
            refused("VIRUS_FOUND", mandatory=MANDATORY),
            "550 5.7.1 Virus found",
        ),
        (
            refused("", blocked=frozenset({BOB.key})),
            "550 5.7.1 The recipient does not accept mail from this sender",
        ),
        (
            refused("A", weights={"A": 9.0}, reject_at=9.0),
            "550 5.7.1 Message refused as spam",
        ),
        (
            refused("NOBODY_KNOWS", mandatory=frozenset({"NOBODY_KNOWS"})),
            "550 5.7.1 Message refused as spam",
        ),
    ],
    ids=["virus", "blocked", "score", "a rule that is gone"],
)
def test_a_refusal_says_why(verdict: Verdict, answer: str) -> None:
    assert reply.refused([verdict]) == answer


def test_a_refused_attachment_is_named() -> None:
    verdict = refused("EXECUTABLE_ATTACHMENT", attachments=Attachments.REFUSE)
    assert reply.refused([verdict]) == reply.NO_SUCH_ATTACHMENTS


def test_a_refused_user_of_outlook_express_reads_its_symbol_and_what_to_do() -> None:
    answer = reply.refused([refused("CMR-HDR-OE-EOL", mandatory=MANDATORY)])
    assert answer.startswith("550 5.7.1 CMR-HDR-OE-EOL: Outlook Express")
    assert "current mail program" in answer


def test_every_reply_is_one_short_line_with_an_enhanced_code_that_fits() -> None:
    fixed = [text for name, text in vars(reply).items() if name.isupper() and isinstance(text, str)]
    refusals = [f"550 5.7.1 {rule.refuses}" for rule in RULES.values() if rule.refuses]
    for text in [*fixed, *refusals, reply.accepted("0123456789abcdef")]:
        assert ENHANCED.fullmatch(text)
        assert len(text) <= LONGEST


def test_what_is_taken_is_named_to_the_sender() -> None:
    assert reply.accepted("0123456789abcdef") == "250 2.6.0 Taken as 0123456789abcdef"
