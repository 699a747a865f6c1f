"""Mail from outside that shows the tenant's own name, or one of its addresses, as its sender.

`"info@our.example" <x@evil.example>` looks like internal mail, and so does "Muster IT-Support".
Sharing services and mailing lists show such names too, so the weight stays far below the
threshold.
"""

from collections.abc import Iterator

from filter.impersonation import authors_of, known_of
from filter.rule import TenantExam, tenant_rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

SYMBOL = "OWN_NAME_FROM_OUTSIDE"


@tenant_rule(
    SYMBOL,
    weight=1.5,
    says=N_(
        "It uses the name of your own company but comes from outside:"
        " do not follow its links and ask your colleagues first."
    ),
    marks=MailClass.PHISH,
    warns=True,
)
def find(exam: TenantExam) -> Iterator[Symbol]:
    """Yield the symbol with what was shown and the address it was shown for."""
    known = known_of(exam.facts)
    for shown, author in authors_of(exam.findings) if exam.outside else ():
        if not known.owns(author.domain) and known.is_own_name(shown):
            yield Symbol(SYMBOL, f"{shown} shown for {author}")
            return
