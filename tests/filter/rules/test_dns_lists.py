import pytest

from filter.rule import RULES
from filter.rules import dns_lists
from filter.verdict import judge
from mailstore.envelopes import Action, Symbol
from tests.factories import BOB, a_recipient


@pytest.mark.parametrize(
    ("weight", "action"), [(4.9, Action.DELIVER), (5.0, Action.QUARANTINE)], ids=["light", "heavy"]
)
def test_a_list_weighs_what_the_setting_says(weight: float, action: Action) -> None:
    symbol = dns_lists.declare("a.example", weight)
    try:
        verdict = judge(a_recipient(), BOB, [Symbol(symbol, "127.0.0.2")])
        assert (verdict.action, RULES[symbol].says) == (action, RULES[dns_lists.DNS_LIST].says)
    finally:
        del RULES[symbol]
