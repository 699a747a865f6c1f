"""Small things that tests of a tenant's rules are made of: what is known, and who writes."""

from collections.abc import Sequence

from filter.findings import Findings
from filter.rule import TenantExam, load_rules
from mailstore.addresses import Address
from mailstore.envelopes import Person, Summary, Symbol, TenantFacts
from tests.filter.exams import STRANGER

FACTS = TenantFacts(
    7,
    "Muster Bau AG",
    frozenset({"muster.example", "firma.ch"}),
    partners=frozenset({"hafenbank.ch"}),
    people=(
        Person("Anna Keller", frozenset({"anna@home.example"})),
        Person("Jürg M. Müller"),
        Person("Anna"),
    ),
)


def a_tenant_exam(  # noqa: PLR0913 (what may differ from mail to mail is its arguments)
    author: str = "",
    name: str = "",
    *,
    reply_to: Sequence[str] = (),
    proofs: Sequence[str] = (),
    symbols: Sequence[str] = (),
    outside: bool = True,
    known_author: bool = False,
) -> TenantExam:
    summary = Summary(author=Address.parse(author) if author else None, author_name=name)
    findings = Findings(
        tuple(Symbol(each) for each in symbols),
        summary,
        proofs=frozenset(proofs),
        reply_to=tuple(reply_to),
    )
    return TenantExam(STRANGER, None, findings, FACTS, outside=outside, known_author=known_author)


def found_for_tenant(symbol: str, exam: TenantExam) -> list[str]:
    """Return the details of what the one rule behind a symbol finds."""
    rule = load_rules()[symbol]
    assert rule.find_for_tenant is not None
    symbols = list(rule.find_for_tenant(exam))
    assert {each.name for each in symbols} <= {symbol}
    return [each.detail for each in symbols]
