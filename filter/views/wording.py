"""What a mail talks about: families of phrases in four languages, all looked for in one pass.

A phrase is a few words in a row, whatever their case, accents and punctuation; `*` at the end of
a word stands for any ending, `#` for a number, `$` for a sign of money. No regular expression
sees the text but the one that cuts it into words, so time grows with the text and nothing else.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

from filter.views.once import once_per_mail
from filter.views.shape import subject, whole_text
from mailstore.mime import Mail

MOST_WORDS = 4000
FIRST, SECOND = 4, 3
_WORD = re.compile(r"[^\W\d_]+|\d|[$€£]")
_NUMBER = re.compile(r"\d[\d.,'\u2019]*")
_MONEY = re.compile(r"[$€£]+")

Phrase = tuple[str, ...]
Spoken = dict[str, frozenset[str]]

# By the beginnings of their first two words, or of their only one.
_INDEX: dict[str, list[tuple[Phrase, str]]] = {}


def family(name: str, *languages: str) -> str:
    """Register phrases, one a line or between bars, as a family; return its name."""
    for text in languages:
        for phrase in text.replace("|", "\n").split("\n"):
            words = tuple(_phrase_words(phrase))
            if words:
                _INDEX.setdefault(_key(words), []).append((words, name))
    return name


@once_per_mail
def spoken(mail: Mail) -> Spoken:
    """Return which families a mail speaks of, Subject and text, with the phrases it uses."""
    found = phrases_in(whole_text(mail))
    for name, phrases in spoken_in_subject(mail).items():
        found[name] = found.get(name, frozenset()) | phrases
    return found


@once_per_mail
def spoken_in_subject(mail: Mail) -> Spoken:
    """Return which families the Subject speaks of."""
    return phrases_in(subject(mail))


def phrases_in(text: str) -> Spoken:
    """Return the families of a text."""
    words = list(islice(words_of(text), MOST_WORDS))
    found: dict[str, set[str]] = {}
    begun = [word[:FIRST] for word in words]
    following = [*(word[:SECOND] for word in words[1:]), ""]
    for at, (first, second) in enumerate(zip(begun, following, strict=False)):
        for key in (first, f"{first} {second}"):
            for phrase, name in _INDEX.get(key, ()):
                if _stands(phrase, words, at):
                    found.setdefault(name, set()).add(" ".join(words[at : at + len(phrase)]))
    return {name: frozenset(phrases) for name, phrases in found.items()}


def words_of(text: str) -> Iterator[str]:
    """Yield the words of a text without case and accents; `#` for a number, `$` for money."""
    plain = plain_letters(_MONEY.sub("$", _NUMBER.sub("0", text)))
    for word in _WORD.findall(plain):
        yield "#" if word == "0" else word


def plain_letters(text: str) -> str:
    """Return a text in small letters without accents."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))


def _phrase_words(phrase: str) -> Iterator[str]:
    for word in phrase.split():
        if word in {"#", "$"}:
            yield word
            continue
        *parts, last = words_of(word.removesuffix("*"))
        yield from parts
        yield last + "*" * word.endswith("*")


def _key(words: Phrase) -> str:
    first = words[0].removesuffix("*")[:FIRST]
    return f"{first} {words[1].removesuffix('*')[:SECOND]}" if len(words) > 1 else first


def _stands(phrase: Phrase, words: list[str], at: int) -> bool:
    if at + len(phrase) > len(words):
        return False
    return all(
        word.startswith(wanted[:-1]) if wanted[-1] == "*" else word == wanted
        for wanted, word in zip(phrase, words[at : at + len(phrase)], strict=True)
    )
