"""Mail that is addressed to nobody, to undisclosed recipients, to its own author, or to a herd.

Invitations hide their recipients too, so each weighs little.
"""

from collections import Counter
from collections.abc import Iterator
from email.utils import getaddresses

from filter.rule import Exam, rule
from filter.views.shape import field, is_list
from mailstore.envelopes import Symbol
from mailstore.wording import N_

TO_MISSING = "TO_MISSING"
TO_HIDDEN = "TO_HIDDEN"
TO_HERD = "TO_HERD"
TO_IS_AUTHOR = "TO_IS_AUTHOR"
HERD = 5
ALIKE = 3


@rule(TO_MISSING, weight=0.3, says=N_("It does not say to whom it is written."))
def find_to_missing(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if To is missing or empty, and Cc too."""
    if not field(exam.mail, "to") and not field(exam.mail, "cc"):
        yield Symbol(TO_MISSING)


@rule(TO_HIDDEN, weight=0.4, says=N_("It hides to whom it was sent."))
def find_to_hidden(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if To has a text but no address."""
    written = field(exam.mail, "to")
    if written and "@" not in written:
        yield Symbol(TO_HIDDEN, written[:100])


@rule(TO_HERD, weight=1.0, says=N_("It was sent to many people whose addresses look alike."))
def find_to_herd(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if many recipients begin with the same letters."""
    written = f"{field(exam.mail, 'to')},{field(exam.mail, 'cc')}"
    people = [text.split("@")[0].lower() for _, text in getaddresses([written]) if "@" in text]
    beginnings = Counter(
        local[:ALIKE] for local in set(people) | set(people) if len(local) >= ALIKE
    )
    if len(people) >= HERD and max(beginnings.values(), default=0) * 2 >= len(people):
        yield Symbol(TO_HERD, str(len(people)))


@rule(TO_IS_AUTHOR, weight=1.1, says=N_("It gives you as its author."))
def find_to_is_author(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the author is the only recipient, and no list is behind it."""
    to = {text.lower() for _, text in getaddresses([field(exam.mail, "to")]) if "@" in text}
    authors = {author.key for _, author in exam.mail.authors}
    if len(to) == 1 and to == authors and not is_list(exam.mail):
        yield Symbol(TO_IS_AUTHOR)
