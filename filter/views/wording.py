"""What a mail talks about: families of phrases in four languages, all looked for in one pass.

A phrase is a few words in a row, whatever their case, accents and punctuation; `*` at the end of
a word stands for any ending, `#` for a number, `$` for a sign of money. No regular expression
sees the text but the one that cuts it into words, so time grows with the text and nothing else.
"""

import re
import unicodedata
from collections.abc import Iterator

from filter.views.once import once_per_mail
from filter.views.shape import subject, whole_text
from mailstore.mime import Mail

MOST_WORDS = 4000
FIRST = 4
_WORD = re.compile(r"[^\W\d_]+|[\x01$]")
# Of ASCII, which is quicker to cut: letters stay, the rest parts words.
_ASCII = {
    code: chr(code) if chr(code).isalpha() or code == ord("$") else " " for code in range(128)
}
_ASCII[1] = "#"
_NUMBER = re.compile(r"\d[\d.,'\u2019]*")
_MONEY = re.compile(r"[$€£]+")

Phrase = tuple[str, ...]
Spoken = dict[str, frozenset[str]]

# By the beginning of the first word: a phrase, its words that have no ending left open, its family.
_INDEX: dict[str, list[tuple[Phrase, frozenset[str], str]]] = {}


def family(name: str, *languages: str) -> str:
    """Register phrases, one a line or between bars, as a family; return its name."""
    for text in languages:
        for phrase in text.replace("|", "\n").split("\n"):
            words = tuple(_phrase_words(phrase))
            if words:
                whole = frozenset(word for word in words if word[-1] != "*")
                key = words[0].removesuffix("*")[:FIRST]
                _INDEX.setdefault(key, []).append((words, whole, name))
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
    """Return the families of a text.

    Nearly all phrases are ruled out by the text's vocabulary, before anything is compared in place.
    """
    words = words_of(text)[:MOST_WORDS]
    vocabulary = frozenset(words)
    found: dict[str, set[str]] = {}
    for first in vocabulary:
        for phrase, whole, name in _INDEX.get(first[:FIRST], ()):
            if whole <= vocabulary:
                said = _places(phrase, words, first)
                if said:
                    found.setdefault(name, set()).update(said)
    return {name: frozenset(phrases) for name, phrases in found.items()}


def words_of(text: str) -> list[str]:
    """Return the words of a text without case and accents; `#` for a number, `$` for money."""
    plain = plain_letters(_MONEY.sub(" $ ", _NUMBER.sub(" \x01 ", text.replace("\x01", " "))))
    if plain.isascii():
        return plain.translate(_ASCII).split()
    return ["#" if word == "\x01" else word for word in _WORD.findall(plain)]


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


def _places(phrase: Phrase, words: list[str], first: str) -> set[str]:
    """Return what stands for a phrase in a text, wherever it begins with this word."""
    return {
        " ".join(words[at : at + len(phrase)])
        for at, word in enumerate(words)
        if word == first and _stands(phrase, words, at)
    }


def _stands(phrase: Phrase, words: list[str], at: int) -> bool:
    if at + len(phrase) > len(words):
        return False
    return all(
        word.startswith(wanted[:-1]) if wanted[-1] == "*" else word == wanted
        for wanted, word in zip(phrase, words[at : at + len(phrase)], strict=True)
    )
