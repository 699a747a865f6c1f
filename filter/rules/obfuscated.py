"""Words written so that only people can read them: V1AGRA, fr3e, s p a c e d."""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.shape import subject, whole_text
from mailstore.envelopes import Symbol
from mailstore.wording import N_

OBFUSCATED_WORDS = "OBFUSCATED_WORDS"
SPACED_WORDS = "SPACED_WORDS"
RANDOM_TAIL = "RANDOM_TAIL"
LONG, FEW_VOWELS = 7, 6
_SPACED = re.compile(r"(?<![\w.-])(?:[A-Za-z][ .*_-]){4,12}[A-Za-z](?![\w.-])")
_MIXED = re.compile(r"[0-9!|$](?:[A-Za-z]|(?<=[A-Za-z].))")
_DIGIT_INSIDE = re.compile(
    r"(?i)\b(?:v[1!|]agra|c[1!|]al[1!|]s|[s$]ex[xy]?|fr[3e]{2}|l[0o]ans?|m[0o]ney|p[0o]rn|m[0o]rtgage|cred[1!|]t|ca[s$]h|d[3e]bt|[s$]pam)\b"
)


@rule(OBFUSCATED_WORDS, weight=0.9, says=N_("It disguises words so that filters do not see them."))
def find_obfuscated_words(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for telling words with digits and signs for letters."""
    seen = f"{subject(exam.mail)} {whole_text(exam.mail)}"
    # Most mail has no such word at all, and looking for each of them is slow.
    if not _MIXED.search(seen):
        return
    for found in _DIGIT_INSIDE.finditer(seen):
        if not found[0].isalpha():
            yield Symbol(OBFUSCATED_WORDS, found[0])
            return


@rule(SPACED_WORDS, weight=0.9, says=N_("It spaces out words so that filters do not see them."))
def find_spaced_words(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the Subject has a word letter by letter."""
    found = _SPACED.search(subject(exam.mail))
    if found:
        yield Symbol(SPACED_WORDS, found[0])


@rule(RANDOM_TAIL, weight=0.6, says=N_("It ends with a code that makes each copy different."))
def find_random_tail(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the last line is a code and nothing else."""
    lines = whole_text(exam.mail).split()
    last = lines[-1] if lines else ""
    letters = sum(char.isalpha() for char in last)
    if last.isascii() and last.isalnum() and len(last) >= LONG and _is_code(last, letters):
        yield Symbol(RANDOM_TAIL, last[:60])


def _is_code(word: str, letters: int) -> bool:
    digits = len(word) - letters
    vowels = sum(char in "aeiouy" for char in word.lower())
    return min(digits, letters) > 1 or (not digits and vowels * FEW_VOWELS < letters)
