"""Subjects in capitals, or with exclamation marks, signs of money and stars to catch the eye."""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.shape import subject
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SUBJECT_SHOUTS = "SUBJECT_SHOUTS"
SUBJECT_CATCHES_THE_EYE = "SUBJECT_CATCHES_THE_EYE"
FEWEST_LETTERS = 8
FEWEST_WORDS = 4
_CATCHY = re.compile(r"[!?]{2,}|[$€£]{2,}|\*{2,}|[!?]\s*$|[~=>]{2,}|\$\s?\d|\d\s?%")


@rule(SUBJECT_SHOUTS, weight=1.6, says=N_("Its subject is written in capitals."))
def find_subject_shouts(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the Subject is several words in capitals."""
    words = subject(exam.mail).split()
    letters = [char for char in "".join(words) if char.isalpha()]
    small = sum(char.islower() for char in letters)
    if len(letters) >= FEWEST_LETTERS and len(words) >= FEWEST_WORDS and small * 10 <= len(letters):
        yield Symbol(SUBJECT_SHOUTS)


@rule(SUBJECT_CATCHES_THE_EYE, weight=0.4, says=N_("Its subject uses signs to catch your eye."))
def find_subject_catches_the_eye(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the Subject ends with an exclamation, repeats signs, or names money."""
    found = _CATCHY.search(subject(exam.mail))
    if found and found[0].strip() != "?":
        yield Symbol(SUBJECT_CATCHES_THE_EYE, found[0].strip())
