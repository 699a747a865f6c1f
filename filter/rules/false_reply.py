"""Subjects that pretend to answer or forward, in a mail that refers to none.

A few programs forget to refer to what they answer, and then they quote it at least.
"""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.shape import has, subject, text
from mailstore.envelopes import Symbol
from mailstore.wording import N_

FALSE_REPLY = "FALSE_REPLY"
_REPLY = re.compile(r"(?i)(?:re|aw|antw|sv|rif|réf)(?:\[\d\])?\s?:\s?\S")


@rule(FALSE_REPLY, weight=1.0, says=N_("It pretends to answer a mail that you did not write."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for a Subject of an answer if nothing is referred to or quoted."""
    if not _REPLY.match(subject(exam.mail)):
        return
    quotes = any(line.lstrip().startswith((">", "|")) for line in text(exam.mail).splitlines())
    if not quotes and not has(exam.mail, "in-reply-to", "references", "thread-index"):
        yield Symbol(FALSE_REPLY)
