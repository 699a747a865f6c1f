import pkgutil

import pytest

from filter import rules as folder
from filter.rule import RULES, Rule, load_rules

FILES = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))


def test_every_file_of_the_folder_is_a_rule_or_a_family_found_by_itself() -> None:
    modules = {rule.module for rule in load_rules().values()}
    assert modules == {f"filter.rules.{name}" for name in FILES}


def test_loading_twice_changes_nothing() -> None:
    before = dict(load_rules())
    assert load_rules() == before


@pytest.mark.parametrize("name", FILES)
def test_a_rule_says_what_it_means_to_a_reader_and_to_an_administrator(name: str) -> None:
    for rule in _rules_of(f"filter.rules.{name}"):
        assert rule.says.endswith(".")
        assert len(rule.doc) > len(rule.says)
        assert rule.symbol


def _rules_of(module: str) -> list[Rule]:
    return [rule for rule in RULES.values() if rule.module == module]
