"""Rules: each finds one symbol, in a file of its own, and only reports; `judge` decides."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mailstore.envelopes import Client, MailClass, Symbol
from mailstore.mime import Mail


@dataclass(frozen=True, slots=True)
class Exam:
    """What a rule may look at."""

    mail: Mail
    client: Client
    sender: str
    spf: str = "none"


RuleFunction = Callable[[Exam], Iterator[Symbol]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with all that its findings mean.

    `says` is the sentence a reader is told; `marks` the class it gives a mail; `refuses` the
    text of the 550 where a policy makes the symbol mandatory.
    """

    symbol: str
    weight: float
    says: str
    find: RuleFunction
    doc: str
    marks: MailClass | None = None
    refuses: str = ""

    @property
    def speaks_against(self) -> bool:
        """Whether a mail can be held or refused for this."""
        return self.weight > 0 or self.marks is not None or bool(self.refuses)


RULES: dict[str, Rule] = {}


def rule(
    symbol: str,
    *,
    weight: float,
    says: str,
    marks: MailClass | None = None,
    refuses: str = "",
) -> Callable[[RuleFunction], RuleFunction]:
    """Register a function as the rule that finds a symbol, with its default weight."""

    def register(find: RuleFunction) -> RuleFunction:
        doc = importlib.import_module(find.__module__).__doc__ or ""
        RULES[symbol] = Rule(symbol, weight, says, find, doc.strip(), marks, refuses)
        return find

    return register


def load_rules() -> dict[str, Rule]:
    """Return all rules by symbol; every module of `filter.rules` is one."""
    package = importlib.import_module("filter.rules")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"filter.rules.{module.name}")
    return RULES
