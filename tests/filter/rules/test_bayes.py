import pytest

from filter.findings import Findings
from filter.rule import RULES, TenantExam
from filter.rules.bayes import RANGES
from mailstore.envelopes import Policy, TenantFacts
from tests.filter.exams import STRANGER

FAMILY = [symbol for symbol, *_ in RANGES]


def found(probability: float | None) -> list[tuple[str, str]]:
    """Return what the whole family finds in a mail with this probability."""
    exam = TenantExam(STRANGER, None, Findings(()), TenantFacts(1), spam_probability=probability)
    finders = [RULES[symbol].find_for_tenant for symbol in FAMILY]
    return [(each.name, each.detail) for find in finders if find for each in find(exam)]


# A German and an English mail differ in their words only, and words are what was learned: see
# the tests of tokens and of learning.
@pytest.mark.parametrize(
    ("probability", "symbol"),
    [
        (1.0, "BAYES_99"),
        (0.99, "BAYES_99"),
        (0.9899, "BAYES_95"),
        (0.8, "BAYES_80"),
        (0.5, "BAYES_50"),
        (0.049, "BAYES_05"),
        (0.0099, "BAYES_01"),
        (0.0, "BAYES_01"),
    ],
)
def test_a_probability_is_of_one_range(probability: float, symbol: str) -> None:
    assert found(probability) == [(symbol, f"{probability:.3f}")]


@pytest.mark.parametrize(
    "probability", [None, 0.05, 0.3, 0.4999], ids=["nothing learned", "low", "unsure", "near half"]
)
def test_what_nobody_knows_is_not_said(probability: float | None) -> None:
    assert found(probability) == []


def test_what_was_learned_holds_no_mail_by_itself() -> None:
    assert max(RULES[symbol].weight for symbol in FAMILY) < Policy().quarantine_at


def test_the_likelier_spam_is_the_more_it_weighs() -> None:
    weights = [RULES[symbol].weight for symbol in FAMILY]
    assert weights == sorted(weights[:4], reverse=True) + sorted(weights[4:], reverse=True)
