"""The first mail from an author to a tenant. It counts nothing and informs only.

Most strangers are harmless; but an old acquaintance who writes for the first time is not one.
"""

from collections.abc import Iterator

from filter.impersonation import known_of
from filter.rule import TenantExam, tenant_rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "FIRST_CONTACT"


@tenant_rule(
    SYMBOL,
    weight=0.0,
    says=N_("It is the first message from this sender to your company."),
)
def find(exam: TenantExam) -> Iterator[Symbol]:
    """Yield the symbol for an author from outside whom the tenant has no mail of."""
    author = exam.findings.author
    if not exam.outside or exam.known_author or author is None:
        return
    if not known_of(exam.facts).owns(author.domain):
        yield Symbol(SYMBOL, str(author))
