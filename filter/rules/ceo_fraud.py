"""Mail that pretends to come from somebody trusted, and wants something or is a stranger's.

Either sign alone is everyday: namesakes, and real invoices that are overdue. Together they are
how people are talked into paying. An answer that leaves for elsewhere counts only with a wish for
money, because every club's first letter would look like that.
"""

from collections.abc import Iterator

from filter.rule import TenantExam, tenant_rule

# Rules are asked in the order in which they were loaded: these have spoken before this one.
from filter.rules import (
    bank_change,
    first_contact,
    lookalike_domain,
    own_domain_forged,
    own_name_from_outside,
    pressure_wording,
    protected_name_from_outside,
    reply_to_elsewhere,
)
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

SYMBOL = "CEO_FRAUD"
PRETENDS = frozenset(
    {
        protected_name_from_outside.SYMBOL,
        own_name_from_outside.SYMBOL,
        own_domain_forged.SYMBOL,
        lookalike_domain.SYMBOL,
    }
)
WANTS = frozenset({pressure_wording.SYMBOL, bank_change.SYMBOL})


@tenant_rule(
    SYMBOL,
    weight=1.0,
    says=N_(
        "It looks like somebody who pretends to be a person you trust, to get money or data:"
        " pay nothing and call that person."
    ),
    marks=MailClass.PHISH,
    warns=True,
)
def find(exam: TenantExam) -> Iterator[Symbol]:
    """Yield the symbol with the signs that came together."""
    names = exam.findings.names
    pretends, wants = names & PRETENDS, names & WANTS
    stranger = names & {first_contact.SYMBOL}
    elsewhere = names & {reply_to_elsewhere.SYMBOL}
    if exam.outside and ((pretends and (wants or stranger)) or (elsewhere and wants)):
        yield Symbol(SYMBOL, " ".join(sorted(pretends | wants | stranger | elsewhere)))
