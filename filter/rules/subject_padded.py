"""Subjects that end with a code after a gap, so that no two mails are the same."""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.shape import field
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SUBJECT_GAP = "SUBJECT_GAP"
SUBJECT_CODE = "SUBJECT_CODE"
FEWEST_WORDS, FEWEST_DIGITS, SHORTEST_CODE = 3, 2, 6
_GAP = re.compile(r"\S[ \t]{5,40}\S")


@rule(SUBJECT_GAP, weight=1.9, says=N_("Its subject has a wide gap in it."))
def find_subject_gap(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if many blanks stand within the Subject as it came."""
    if _GAP.search(field(exam.mail, "subject")[:300]):
        yield Symbol(SUBJECT_GAP)


@rule(SUBJECT_CODE, weight=0.5, says=N_("Its subject ends with a code that means nothing to you."))
def find_subject_code(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the last word mixes letters and digits as no reference does."""
    words = field(exam.mail, "subject")[:300].split()
    last = words[-1].strip("[]()") if len(words) >= FEWEST_WORDS else ""
    digits = sum(char.isdigit() for char in last)
    mixed = last.isascii() and last.isalnum() and last.lower() == last and last[:1].isdigit()
    if FEWEST_DIGITS <= digits < len(last) - 1 and mixed and len(last) >= SHORTEST_CODE:
        yield Symbol(SUBJECT_CODE, last)
