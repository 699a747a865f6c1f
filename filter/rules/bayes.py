"""What people's decisions say of a mail: how likely it is spam, by the words that they judged.

It says nothing before 200 good mails and 200 spam mails were learned. Even the surest finding
stays below the threshold, so that one other sign is needed to hold a mail for it; and what looks
like the mail that people kept is forgiven a sign or two.
"""

from collections.abc import Callable, Iterator

from filter.rule import TenantExam, tenant_rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

# Symbol, from and below which probability, points; between 0.05 and 0.5 nobody knows.
RANGES = (
    ("BAYES_99", 0.99, 1.01, 4.9, N_("It is very much like mail that people here called spam.")),
    ("BAYES_95", 0.95, 0.99, 4.7, N_("It is much like mail that people here called spam.")),
    ("BAYES_80", 0.8, 0.95, 4.4, N_("It resembles mail that people here called spam.")),
    ("BAYES_50", 0.5, 0.8, 3.0, N_("It resembles mail that people here called spam a little.")),
    ("BAYES_05", 0.01, 0.05, -2.0, N_("It is much like mail that people here kept.")),
    ("BAYES_01", 0.0, 0.01, -3.0, N_("It is very much like mail that people here kept.")),
)


def finder(symbol: str, least: float, below: float) -> Callable[[TenantExam], Iterator[Symbol]]:
    """Return what yields a symbol for a mail whose probability is within a range."""

    def find(exam: TenantExam) -> Iterator[Symbol]:
        probability = exam.spam_probability
        if probability is not None and least <= probability < below:
            yield Symbol(symbol, f"{probability:.3f}")

    return find


for _symbol, _least, _below, _weight, _says in RANGES:
    tenant_rule(_symbol, weight=_weight, says=_says)(finder(_symbol, _least, _below))
