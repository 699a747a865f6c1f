"""Words as search knows them: one folding and one way of cutting texts for both databases.

Case, accents and invisible characters do not count. What German and its neighbours write in two
ways is known in both: "Müller" is "muller" and "mueller". Writing without blanks between its
words (Chinese, Japanese, Thai) is cut into characters and pairs of them.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST_WORD = 64
SHORT, SHORTEST = 3, 2

_SHORT_FORMS = {"ä": "a", "ö": "o", "ü": "u", "å": "a", "ø": "o", "æ": "a", "œ": "o"}
_LONG_FORMS = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae", "œ": "oe"}
_ALIKE = {"ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "\u0131": "i"}
_PLAIN = str.maketrans(_SHORT_FORMS | _ALIKE)
_LONG = str.maketrans(_LONG_FORMS | _ALIKE)
_TWO_WAYS = re.compile(f"[{''.join(_SHORT_FORMS)}]")
# Marks upon letters, and what is never seen, such as the hyphen that may break a word.
_DROPPED = dict.fromkeys(
    number
    for number in (*range(0x20000), *range(0xE0000, 0xE0200))
    if unicodedata.category(chr(number)) in {"Mn", "Mc", "Me", "Cf"}
)
_RUN = re.compile(r"[^\W_]+")
# Thai, Lao, Myanmar and Khmer; Japanese kana, Chinese characters, Korean syllables.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3100-\u312f"
    "\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_PIECE = re.compile(f"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")


def words_of(texts: Iterable[str], most: int) -> list[str]:
    """Return the different words of texts in all their forms, at most so many."""
    found: dict[str, None] = {}
    for text in texts:
        for form in _forms(text):
            for word in _words(form):
                found[word] = None
                if len(found) >= most:
                    return list(found)
    return list(found)


def asked_words(text: str) -> list[tuple[str, ...]]:
    """Return the words of what somebody looks for, each with the forms that are as good."""
    plain, *others = ([*_asked(form)] for form in _forms(text))
    if not others:
        return [(word,) for word in plain]
    # Both forms are cut at the same places: where one has a letter, the other has letters.
    return [tuple(dict.fromkeys(both)) for both in zip(plain, *others, strict=True)]


def is_unspaced(word: str) -> bool:
    """Whether a word is of a writing without blanks, so that nothing is the beginning of it."""
    return _IS_UNSPACED.match(word) is not None


def beginnings(words: Iterable[str]) -> set[str]:
    """Return the first two and three characters of words: of short ones there would be too many."""
    return {
        word[:size]
        for word in words
        if word.isascii() or not is_unspaced(word)
        for size in range(SHORTEST, SHORT + 1)
        if len(word) >= size
    }


def _forms(text: str) -> list[str]:
    """Return a text folded, and once more where it can be written in two ways."""
    if text.isascii():
        return [text.lower()]
    lower = unicodedata.normalize("NFKC", text).casefold()
    lower = unicodedata.normalize("NFC", lower)
    forms = [_bare(lower.translate(_PLAIN))]
    if _TWO_WAYS.search(lower):
        forms.append(_bare(lower.translate(_LONG)))
    return forms


def _bare(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text).casefold()
    bare = unicodedata.normalize("NFKD", apart).translate(_DROPPED)
    return unicodedata.normalize("NFC", bare)


def _words(folded: str) -> Iterator[str]:
    for piece, unspaced in _pieces(folded):
        if unspaced:
            yield from piece
            yield from _pairs(piece)
        else:
            yield piece[:LONGEST_WORD]


def _asked(folded: str) -> Iterator[str]:
    for piece, unspaced in _pieces(folded):
        if unspaced and len(piece) > 1:
            yield from _pairs(piece)
        else:
            yield piece[:LONGEST_WORD]


def _pieces(folded: str) -> Iterator[tuple[str, bool]]:
    for run in _RUN.findall(folded):
        if run.isascii():
            yield run, False
            continue
        for piece in _PIECE.findall(run):
            yield piece, is_unspaced(piece)


def _pairs(piece: str) -> Iterator[str]:
    return (piece[at : at + 2] for at in range(len(piece) - 1))
