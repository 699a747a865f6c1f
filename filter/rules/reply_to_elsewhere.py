"""Mail whose answer would leave for a free-mail address or a lookalike, unlike its author.

That is how somebody who forges an author gets the answer. Small shops and clubs do it as well,
so it is told to the reader and weighs little; `CEO_FRAUD` counts it when the mail wants money.
"""

from collections.abc import Iterator

from filter.impersonation import Known, known_of
from filter.rule import TenantExam, tenant_rule
from mailstore.addresses import Address
from mailstore.envelopes import Symbol
from mailstore.errors import BadAddress
from mailstore.freemail import FREE_MAIL
from mailstore.lookalike import Name
from mailstore.wording import N_

SYMBOL = "REPLY_TO_ELSEWHERE"
MOST_LOOKED_AT = 10


@tenant_rule(
    SYMBOL,
    weight=0.5,
    says=N_(
        "Your answer would go to another address than the one that is shown:"
        " ask the sender on a number you know."
    ),
    warns=True,
)
def find(exam: TenantExam) -> Iterator[Symbol]:
    """Yield the symbol with the first such address."""
    author, known = exam.findings.author, known_of(exam.facts)
    if not exam.outside or author is None:
        return
    for text in exam.findings.reply_to[:MOST_LOOKED_AT]:
        try:
            answered = Address.parse(text)
        except BadAddress:
            continue
        if _leaves(author, answered, known):
            yield Symbol(SYMBOL, f"{author.domain} is answered to {answered}")
            return


def _leaves(author: Address, answered: Address, known: Known) -> bool:
    if answered.domain == author.domain or known.owns(answered.domain):
        return False
    if answered.domain in FREE_MAIL:
        # Somebody with the same name at two providers, or at two names of one.
        return not (author.domain in FREE_MAIL and author.local == answered.local)
    here, there = Name.of(author.domain), Name.of(answered.domain)
    same = (here.label, here.ending) == (there.label, there.ending)
    return not same and bool(known.resembled(answered.domain))
