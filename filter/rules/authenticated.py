"""Mail whose author is proven: SPF passes for the domain that people see in From.

Allow lists hold only for such mail, because anybody can write an allowed author into From.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from mailstore.addresses import Address
from mailstore.envelopes import Symbol
from mailstore.errors import BadAddress
from mailstore.wording import N_

SYMBOL = "AUTHENTICATED"


@rule(SYMBOL, weight=0.0, says=N_("Its sender is proven."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the one author's domain is the proven one or belongs to it."""
    authors = exam.mail.authors
    if exam.spf != "pass" or len(authors) != 1:
        return
    try:
        proven = Address.parse(exam.sender).domain
    except BadAddress:
        return
    shown = authors[0][1].domain
    if shown == proven or shown.endswith(f".{proven}") or proven.endswith(f".{shown}"):
        yield Symbol(SYMBOL, proven)
