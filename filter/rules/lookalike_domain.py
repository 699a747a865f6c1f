"""Mail whose author's domain only looks like one of the tenant's own or of its partners.

Letters of other scripts and punycode, one letter more, less, other or swapped, another ending,
words added with or without a hyphen, the whole name in front of a stranger's: `mailstore.lookalike`
knows them. The domains themselves and what lies below them never hit.
"""

from collections.abc import Iterator

from filter.impersonation import authors_of, known_of
from filter.rule import TenantExam, tenant_rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

SYMBOL = "LOOKALIKE_DOMAIN"


@tenant_rule(
    SYMBOL,
    weight=1.5,
    says=N_(
        "The address of its sender only resembles one that you know:"
        " compare it letter by letter before you answer."
    ),
    marks=MailClass.PHISH,
    warns=True,
)
def find(exam: TenantExam) -> Iterator[Symbol]:
    """Yield the symbol with the domain and the one it looks like."""
    known = known_of(exam.facts)
    for _, author in authors_of(exam.findings) if exam.outside else ():
        if original := known.resembled(author.domain):
            yield Symbol(SYMBOL, f"{author.domain} looks like {original}")
            return
