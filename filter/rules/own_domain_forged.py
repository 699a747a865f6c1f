"""Mail from outside with an author of the tenant's own domain that nothing proves.

Either somebody forged it, or a service sends for the tenant and its domain does not say so. A
mailing list that changes what it passes on looks the same, so the weight alone holds nothing.
"""

from collections.abc import Iterator

from filter.impersonation import authors_of, known_of
from filter.rule import TenantExam, tenant_rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

SYMBOL = "OWN_DOMAIN_FORGED"


@tenant_rule(
    SYMBOL,
    weight=1.5,
    says=N_(
        "It claims to come from your own company, but nothing proves that:"
        " ask the person by telephone."
    ),
    marks=MailClass.PHISH,
    warns=True,
)
def find(exam: TenantExam) -> Iterator[Symbol]:
    """Yield the symbol with the author that nothing proves."""
    if not exam.outside or exam.findings.proofs:
        return
    known = known_of(exam.facts)
    forged = (author for _, author in authors_of(exam.findings) if known.owns(author.domain))
    if author := next(forged, None):
        yield Symbol(SYMBOL, str(author))
