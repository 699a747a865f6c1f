import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore.search import words
from mailstore.search.words import LONGEST_WORD, asked_words, beginnings, words_of

PLENTY = 100_000


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("Müller", {"muller", "mueller"}),
        ("Mu\u0308ller", {"muller", "mueller"}),
        ("STRASSE Straße", {"strasse"}),
        ("Ångström", {"angstrom", "aangstroem"}),
        ("Øre æon œuvre", {"ore", "oere", "aon", "aeon", "ouvre", "oeuvre"}),
        ("Łódź Đà İstanbul", {"lodz", "da", "istanbul"}),
        ("Ёлка", {"елка"}),
        ("ﬁnance №5 x²", {"finance", "no5", "x2"}),
        ("Rech\u00adnung \ufeffzwei", {"rechnung", "zwei"}),
        ("anna_k@muster.example", {"anna", "k", "muster", "example"}),
        ("手机号", {"手", "机", "号", "手机", "机号"}),
        ("mein手机", {"mein", "手", "机", "手机"}),
        ("'; -- \0 \ud800 <@17>", {"17"}),
    ],
)
def test_a_text_is_cut_into_folded_words(text: str, known: set[str]) -> None:
    assert set(words_of([text], PLENTY)) == known


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("Müller Zoë", [("muller", "mueller"), ("zoe",)]),
        ("anna@muster.example", [("anna",), ("muster",), ("example",)]),
        ("手", [("手",)]),
        ("手机号", [("手机",), ("机号",)]),
        ("***", []),
    ],
)
def test_what_is_typed_is_as_many_words_in_their_forms(
    typed: str, asked: list[tuple[str, ...]]
) -> None:
    assert asked_words(typed) == asked


def test_words_are_cut_and_counted() -> None:
    assert words_of(["a" * 1000], PLENTY) == ["a" * LONGEST_WORD]
    assert asked_words("a" * 1000) == [("a" * LONGEST_WORD,)]
    assert words_of(["one two", "three four"], 3) == ["one", "two", "three"]


def test_short_beginnings_are_known_and_those_of_pairs_are_none() -> None:
    assert beginnings(["a", "re", "rechnung", "手机"]) == {"re", "rec"}


@given(st.text(max_size=80))
def test_every_word_of_a_text_is_found_by_itself(text: str) -> None:
    known = set(words_of([text], PLENTY))
    for typed in (text, *text.split()):
        assert all(set(forms) & known for forms in words.asked_words(typed))


@given(st.text(max_size=40))
def test_folding_what_is_folded_changes_nothing(text: str) -> None:
    for word in words_of([text], PLENTY):
        assert word.isalnum()
        assert word in words_of([word], PLENTY)
        assert asked_words(word)
