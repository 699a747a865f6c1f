from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore.search.grammar import MOST_TERMS, MOST_WORDS, Field, Query, Term, understood
from mailstore.search.values import day_of, size_of
from tests.factories import NOON

ZONE = ZoneInfo("Europe/Zurich")


def read(text: str) -> Query:
    return understood(text, NOON, ZONE)


def a_day(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=ZONE).astimezone(UTC)


def a_term(*words: str, field: Field = Field.ANYWHERE, begins: bool = True) -> Term:
    return Term(tuple((word,) for word in words), field, begins)


SPOKEN = [
    "from:keller to:rossi subject:plan has:attachment is:unread before:24.11.2026"
    " after:yesterday larger:500k smaller:2MB",
    "von:keller an:rossi betreff:plan hat:anhang ist:ungelesen vor:24.11.2026"
    " nach:gestern grösser:500k kleiner:2MB",
    "de:keller à:rossi objet:plan avec:pj est:non-lu avant:24.11.2026"
    " après:hier plus:500ko moins:2Mo",
    "da:keller a:rossi oggetto:plan con:allegato è:non-letto prima:24.11.2026"
    " dopo:ieri maggiore:500k minore:2MB",
    "VON: Keller TO: Rossi Subject: Plan HAS:Attachment IS:new before:2026-11-24"
    " since:23/11/26 larger:0,5M smaller:2000k",
]


@pytest.mark.parametrize("text", SPOKEN, ids=["English", "German", "French", "Italian", "mixed"])
def test_conditions_have_names_in_four_languages(text: str) -> None:
    assert read(text) == Query(
        (
            a_term("keller", field=Field.FROM),
            a_term("rossi", field=Field.TO),
            a_term("plan", field=Field.SUBJECT),
        ),
        after=a_day(2026, 11, 23),
        before=a_day(2026, 11, 24),
        larger=500_000,
        smaller=2_000_000,
        attachment=True,
        unread=True,
    )


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("offerte rech", [a_term("offerte"), a_term("rech")]),
        ('"offerte fassade" rech', [a_term("offerte", "fassade", begins=False), a_term("rech")]),
        ("„offerte fassade“", [a_term("offerte", "fassade", begins=False)]),
        ("«offerte fassade»", [a_term("offerte", "fassade", begins=False)]),
        ('"offerte fas', [a_term("offerte", "fas", begins=False)]),
        ('from:"anna keller"', [a_term("anna", "keller", field=Field.FROM, begins=False)]),
        ("-offerte", [Term((("offerte",),), negated=True)]),
        ("-from:anna", [Term((("anna",),), Field.FROM, negated=True)]),
        ('-"a b"', [Term((("a",), ("b",)), negated=True)]),
        ("co-op", [a_term("co", "op")]),
        ("x", [a_term("x", begins=False)]),
        ("手机", [a_term("手机", begins=False)]),
        ("Müller", [Term((("muller", "mueller"),), begins=True)]),
        ("http://there.example/x", [a_term("http", "there", "example", "x", begins=False)]),
        ("re: plan", [a_term("re", "plan")]),
        ("from:", [a_term("from")]),
        ("- -- * \" : ''", []),
    ],
)
def test_words_become_terms(text: str, terms: list[Term]) -> None:
    assert read(text) == Query(tuple(terms))


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("is:read", "unread", False),
        ("-is:unread", "unread", False),
        ("ist:angeheftet", "pinned", True),
        ("-has:attachment", "attachment", False),
    ],
)
def test_conditions_are_turned_round(text: str, name: str, value: bool) -> None:
    assert read(text) == Query(**{name: value})  # type: ignore[arg-type]  # of many kinds


@pytest.mark.parametrize(
    "text", ["before:31.31.", "before:soon", "larger:much", "is:lost", "has:wings", "-after:heute"]
)
def test_what_is_not_understood_is_named_and_taken_for_words(text: str) -> None:
    query = read(text)
    assert query.not_understood == (text,)
    assert len(query.terms) == 1
    assert not query.is_empty


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2026-11-24", (2026, 11, 24)),
        ("24.11.2026", (2026, 11, 24)),
        ("24.11.26", (2026, 11, 24)),
        ("24.11.", (2026, 11, 24)),
        ("24.11", (2026, 11, 24)),
        ("25.11.", (2025, 11, 25)),
        ("29.2.", (2024, 2, 29)),
        ("aujourd\u2019hui", (2026, 11, 24)),
        ("oggi", (2026, 11, 24)),
        ("hier", (2026, 11, 23)),
    ],
)
def test_days_are_days_of_a_zone(said: str, day: tuple[int, int, int]) -> None:
    assert day_of(said, NOON.astimezone(ZONE)) == a_day(*day)


@pytest.mark.parametrize("said", ["", "0.0.", "30.2.2026", "9999-12-32", "0000-01-01", "x", "٣.٤."])
def test_what_is_no_day_is_none(said: str) -> None:
    assert day_of(said, NOON.astimezone(ZONE)) is None


@pytest.mark.parametrize(
    ("said", "size"),
    [("7", 7), ("500k", 500_000), ("1.5mb", 1_500_000), ("2 mib", 2_000_000), ("1g", 10**9)],
)
def test_sizes_are_counted_in_bytes(said: str, size: int) -> None:
    assert size_of(said) == size


@pytest.mark.parametrize("said", ["", "k", "-1", "1x", "1.5.2", "9" * 20])
def test_what_is_no_size_is_none(said: str) -> None:
    assert size_of(said) is None


def test_a_long_query_is_cut() -> None:
    assert len(read("ab " * 1000).terms) == MOST_TERMS
    assert sum(len(term.words) for term in read("机" * 10_000).terms) == MOST_WORDS
    assert sum(len(term.words) for term in read("a." * 5000).terms) == MOST_WORDS


@given(st.text(max_size=300))
def test_nothing_that_people_type_is_an_error(text: str) -> None:
    for typed in (text, f"before:{text}", f"larger:{text}", f'is:"{text}'):
        query = read(typed)
        assert len(query.terms) <= MOST_TERMS
        assert all(word.isalnum() for term in query.terms for forms in term.words for word in forms)
