"""Mail from outside that shows the name of one of the tenant's people as the sender's name.

People read the name and not the address, and phones show nothing else. The name is found in any
order, with or without accents, initials and titles. Namesakes exist, and people write from home:
an address that the tenant knows as that person's is fine, and the weight stays far below the
threshold.
"""

from collections.abc import Iterator

from filter.impersonation import authors_of, known_of
from filter.rule import TenantExam, tenant_rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

SYMBOL = "PROTECTED_NAME_FROM_OUTSIDE"


@tenant_rule(
    SYMBOL,
    weight=1.5,
    says=N_(
        "It uses the name of somebody in your company but comes from outside:"
        " call the person on a number you know."
    ),
    marks=MailClass.PHISH,
    warns=True,
)
def find(exam: TenantExam) -> Iterator[Symbol]:
    """Yield the symbol with the name and the address it was shown for."""
    known = known_of(exam.facts)
    for shown, author in authors_of(exam.findings) if exam.outside else ():
        addresses = None if known.owns(author.domain) else known.bearer(shown)
        if addresses is not None and author.key not in addresses:
            yield Symbol(SYMBOL, f"{shown} shown for {author}")
            return
