"""Mail that names a program it was not written with, by what that program always writes.

Outlook writes X-MimeOLE or a Thread-Index; Eudora, Pegasus and The Bat write no HTML without
text beside it; names of programs are no random letters.
"""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.shape import field, has
from mailstore.envelopes import Symbol
from mailstore.wording import N_

FORGED_MAILER = "FORGED_MAILER"
PRIORITY_WITHOUT_MAILER = "PRIORITY_WITHOUT_MAILER"
URGENT_PRIORITY = "URGENT_PRIORITY"
_RANDOM = re.compile(
    r"\b(?=[a-z]{0,40}\d)(?=\d{0,40}[a-z])[a-z\d]{9,60}$|[bcdfghjklmnpqrstvwxz]{6}", re.IGNORECASE
)
_OUTLOOK = re.compile(r"microsoft outlook(?!.*(?:imo|express))", re.IGNORECASE)
_MODEST = re.compile(r"(?i)(?:qualcomm.*eudora|eudora|pegasus|the bat!|mutt|pine)")


@rule(FORGED_MAILER, weight=1.2, says=N_("It lies about the program it was written with."))
def find_forged_mailer(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if what the named program always writes is missing."""
    mailer = field(exam.mail, "x-mailer")[:200]
    kind = exam.mail.message.get_content_type()
    outlook = _OUTLOOK.search(mailer) and not has(
        exam.mail, "x-mimeole", "thread-index", "x-ms-tnef-correlator", "x-ms-has-attach"
    )
    modest = _MODEST.search(mailer) and kind == "text/html"
    if outlook or modest or _RANDOM.search(mailer):
        yield Symbol(FORGED_MAILER, mailer)


@rule(
    PRIORITY_WITHOUT_MAILER,
    weight=0.5,
    says=N_("It was made to look as if a known program had written it."),
)
def find_priority_without_mailer(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if it sets a priority but names no program that could have."""
    if has(exam.mail, "x-priority", "x-msmail-priority") and not has(
        exam.mail, "x-mailer", "user-agent", "x-mimeole", "list-unsubscribe", "thread-index"
    ):
        yield Symbol(PRIORITY_WITHOUT_MAILER)


@rule(URGENT_PRIORITY, weight=0.6, says=N_("It calls itself urgent."))
def find_urgent_priority(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if it claims the highest priority."""
    if (
        field(exam.mail, "x-priority").startswith("1")
        or field(exam.mail, "importance").lower() == "high"
    ):
        yield Symbol(URGENT_PRIORITY)
