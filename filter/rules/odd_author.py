"""Authors without a name, without an address, or with an address that nobody would choose."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.shape import field
from mailstore.envelopes import Symbol
from mailstore.wording import N_

AUTHOR_WITHOUT_ADDRESS = "AUTHOR_WITHOUT_ADDRESS"
AUTHOR_NAMELESS = "AUTHOR_NAMELESS"
AUTHOR_DIGITS = "AUTHOR_DIGITS"
AUTHOR_SELLS = "AUTHOR_SELLS"
FEWEST_DIGITS = 4
# Only a name or a comment brings these into From.
BESIDE = frozenset('"()')


@rule(AUTHOR_WITHOUT_ADDRESS, weight=0.9, says=N_("It does not say who wrote it."))
def find_author_without_address(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if there is no author with an address."""
    if not exam.mail.authors:
        yield Symbol(AUTHOR_WITHOUT_ADDRESS, field(exam.mail, "from")[:100])


@rule(AUTHOR_NAMELESS, weight=1.0, says=N_("Its author gives no name."))
def find_author_nameless(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if From is an address alone."""
    written = field(exam.mail, "from")
    if "@" in written and not any(char in BESIDE or char.isspace() for char in written):
        yield Symbol(AUTHOR_NAMELESS)


@rule(
    AUTHOR_DIGITS,
    weight=0.8,
    says=N_("Its author's address is made of letters and numbers that mean nothing."),
)
def find_author_digits(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the local part has letters and at least four digits."""
    for _, author in exam.mail.authors[:1]:
        digits = sum(char.isdigit() for char in author.local)
        if FEWEST_DIGITS <= digits < len(author.local) and "=" not in author.local:
            yield Symbol(AUTHOR_DIGITS, str(author))


@rule(AUTHOR_SELLS, weight=1.9, says=N_("Its author's name is an advertisement."))
def find_author_sells(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the name is written like a slogan; firms do write theirs in capitals."""
    for name, _ in exam.mail.authors[:1]:
        if "!" in name or "$" in name:
            yield Symbol(AUTHOR_SELLS, name[:100])
