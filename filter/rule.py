"""Rules: each finds symbols, in a file of its own, and only reports; `judge` decides.

A rule looks at a mail (`rule`, in the sandboxed child, once for each mail), or at what was found
and whom it came to (`tenant_rule`, in the relay, once for each tenant). What other code finds is
declared like a rule too, so that it has a weight and a sentence (`declared`).
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from filter.authentication import Authentication
from filter.findings import Findings
from mailstore.addresses import Address
from mailstore.envelopes import Client, MailClass, Symbol, TenantFacts
from mailstore.mime import Mail

ALL = "*"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Exam:
    """What a rule may look at; `outside`: the client is a stranger and no peer that we trust."""

    mail: Mail
    client: Client
    sender: str
    authentication: Authentication = field(default_factory=Authentication)
    outside: bool = False


@dataclass(frozen=True, slots=True)
class TenantExam:
    """What a rule of a tenant may look at: short values, never the mail itself.

    `outside`: it did not come from a trusted peer. `known_author`: this tenant had mail of this
    author before. `spam_probability`: what was learned says so; None as long as too little was.
    """

    client: Client
    sender: Address | None
    findings: Findings
    facts: TenantFacts
    outside: bool = True
    known_author: bool = False
    spam_probability: float | None = None


RuleFunction = Callable[[Exam], Iterator[Symbol]]
TenantRuleFunction = Callable[[TenantExam], Iterator[Symbol]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with all that its findings mean.

    `says` is the sentence a reader is told; `marks` the class it gives a mail; `refuses` the
    text of the 550 where a policy makes the symbol mandatory; `warns` that it is one of the
    signs of impersonation, which a policy can have told to the reader; `suspects` that a mail which
    its score holds is fraud rather than advertising.
    """

    symbol: str
    weight: float
    says: str
    module: str
    doc: str
    find: RuleFunction | None = None
    find_for_tenant: TenantRuleFunction | None = None
    marks: MailClass | None = None
    refuses: str = ""
    warns: bool = False
    suspects: bool = False

    @property
    def speaks_against(self) -> bool:
        """Whether a mail can be held or refused for this."""
        return self.weight > 0 or self.marks is not None or bool(self.refuses) or self.warns


RULES: dict[str, Rule] = {}


def rule(
    symbol: str,
    *,
    weight: float,
    says: str,
    marks: MailClass | None = None,
    refuses: str = "",
    suspects: bool = False,
) -> Callable[[RuleFunction], RuleFunction]:
    """Register a function as the rule that finds a symbol, with its default weight."""

    def register(find: RuleFunction) -> RuleFunction:
        module = find.__module__
        RULES[symbol] = Rule(
            symbol,
            weight,
            says,
            module,
            _doc(module),
            find,
            marks=marks,
            refuses=refuses,
            suspects=suspects,
        )
        return find

    return register


def tenant_rule(
    symbol: str,
    *,
    weight: float,
    says: str,
    marks: MailClass | None = None,
    refuses: str = "",
    warns: bool = False,
) -> Callable[[TenantRuleFunction], TenantRuleFunction]:
    """Register a function as the rule that finds a symbol by what is known of a tenant."""

    def register(find: TenantRuleFunction) -> TenantRuleFunction:
        RULES[symbol] = Rule(
            symbol,
            weight,
            says,
            find.__module__,
            _doc(find.__module__),
            find_for_tenant=find,
            marks=marks,
            refuses=refuses,
            warns=warns,
        )
        return find

    return register


def declared(
    module: str, symbol: str, *, weight: float, says: str, marks: MailClass | None = None
) -> str:
    """Register a symbol that is not found by a rule, and return it; call with `__name__`."""
    RULES[symbol] = Rule(symbol, weight, says, module, _doc(module), marks=marks)
    return symbol


def found_by(symbol: str, find: Callable[[T], Iterator[Symbol]], exam: T) -> list[Symbol]:
    """Return what one rule finds; one that breaks keeps what it found, says so, stops nothing."""
    found: list[Symbol] = []
    try:
        found.extend(find(exam))
    except Exception as error:  # noqa: BLE001 (an edge: a rule cannot stop mail)
        found.append(Symbol("RULE_BROKEN", f"{symbol}: {type(error).__name__}"))
    return found


def load_rules() -> dict[str, Rule]:
    """Return all rules by symbol; every module of `filter.rules` is one."""
    package = importlib.import_module("filter.rules")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"filter.rules.{module.name}")
    return RULES


def _doc(module: str) -> str:
    return (importlib.import_module(module).__doc__ or "").strip()
