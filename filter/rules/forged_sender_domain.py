"""Mail whose sender's domain is strict, from a server that may not send for it.

The operator names such domains for everybody, and a tenant its own. SPF's fail and softfail both
count (RFC 7208 §2.6), and a name below such a domain that has no SPF at all, whatever else speaks
for the mail, and no list lifts that. Where DNS does not say, the mail is put off: refusing it
would be wrong and taking it would be a way round.
"""

from collections.abc import Iterator

from filter.rule import TenantExam, declared, tenant_rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "FORGED_SENDER_DOMAIN"
FAILED = frozenset({"fail", "softfail"})
UNCHECKED = declared(
    __name__,
    "SENDER_DOMAIN_UNCHECKED",
    weight=0.0,
    says=N_("It was not possible to check whether its sender's domain is forged."),
)


@tenant_rule(
    SYMBOL,
    weight=0.0,
    says=N_("It came from a server that must not send mail for the sender's domain."),
    refuses="Forged sender domain from this server",
)
def find(exam: TenantExam) -> Iterator[Symbol]:
    """Yield the symbol with the domain, or that the domain could not be checked."""
    if exam.sender is None or not _is_strict(exam.sender.domain, exam.facts.strict_domains):
        return
    if exam.findings.spf in FAILED or _is_unheard_of(exam):
        yield Symbol(SYMBOL, exam.sender.domain)
    elif exam.findings.spf == "temperror":
        yield Symbol(UNCHECKED, exam.sender.domain)


def _is_unheard_of(exam: TenantExam) -> bool:
    """Whether the domain only lies below a strict one and names no servers of its own."""
    return (
        exam.sender is not None
        and exam.findings.spf == "none"
        and exam.outside
        and exam.sender.domain not in exam.facts.strict_domains
    )


def _is_strict(domain: str, strict: frozenset[str]) -> bool:
    """Whether a domain, or one above it, is strict."""
    labels = domain.split(".")
    return any(".".join(labels[start:]) in strict for start in range(len(labels)))
