import pytest

from filter.rule import load_rules
from portal import reasons


@pytest.fixture(autouse=True)
def _told() -> None:
    reasons.tell(load_rules().values())


def test_every_list_in_dns_is_told_by_the_same_sentence() -> None:
    symbols = [["DNS_LIST:zen.example", "127.0.0.2", 4.0], ["DNS_LIST:b.example", "", 1.0]]
    assert reasons.sentences(symbols) == [load_rules()["DNS_LIST"].says]


def test_a_reader_learns_that_mail_was_not_scanned() -> None:
    assert reasons.sentences([["UNSCANNED", "clamav: hung up", 0.0]]) != []


def test_what_weighs_next_to_nothing_is_no_reason() -> None:
    symbols = [["GTUBE", "", 1000.0], ["HTML_ONLY", "", 0.1], ["CLICK_HERE", "", 1.0]]
    rules = load_rules()
    assert reasons.sentences(symbols) == [rules["GTUBE"].says, rules["CLICK_HERE"].says]
