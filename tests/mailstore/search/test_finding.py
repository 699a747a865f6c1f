from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from mailstore import marks
from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.pages import Page
from mailstore.scope import EVERYBODY, NOTHING, Scope
from mailstore.search import asking, entries, finding, index
from mailstore.search.grammar import understood
from mailstore.search.indexing import index_mail
from mailstore.store import Store
from tests.factories import NOON, a_domain, a_mailbox
from tests.mailstore.holding import scope_of
from tests.mailstore.search.mails import ZONE, a_mail, found, indexed, received

pytestmark = pytest.mark.usefixtures("clock")

# What is written, and by what it is found and is not.
WRITTEN = [
    ("Die Rechnung liegt bei", 'rechnung RECH re bei "die rechnung" -fehlt die*',
     '"rech" echnung fehlt -rechnung'),
    ("Gruss von Müller", "muller mueller Müller MÜLLER Mu\u0308ller mul", "mull-er möller"),
    ("Gruss von Mueller", "müller mueller", "muller"),
    ("Gruss von Muller", "müller muller", "mueller"),
    ("An der Seestraße", "seestrasse SEESTRASSE Seestraße", "seestrase"),
    ("Un élève à Genève", "eleve ELÈVE geneve genève", "genova"),
    ("Œuvre et cœur, Ångström", "oeuvre coeur COEUR ångström aangstroem", "ceur"),
    ("Привет, Ёлка", "ЕЛКА ёлка прив", "ивет"),
    ("您的手机号码是", "手机 号码 您的手机号码 码", "手号 机手"),
    ("カタカナの本", "カナ カタカナ の本", "カカ"),
    ("Write to anna.keller@muster.example", "anna.keller@muster.example muster.example keller",
     "anna.keller@other.example"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "by", "not_by"), WRITTEN, ids=[text for text, *_ in WRITTEN])
def test_words_are_found_as_people_type_them(
    store: Store, anna: Mailbox, scope: Scope, text: str, by: str, not_by: str
) -> None:
    copy = indexed(store, anna, text)
    assert [each for each in _typed(by) if found(store, scope, each) != [copy]] == []
    assert [each for each in _typed(not_by) if found(store, scope, each) != []] == []


def _typed(text: str) -> Iterator[str]:
    return (
        each if at % 2 == 0 else f'"{each}"'
        for at, part in enumerate(text.split('"'))
        for each in (part.split() if at % 2 == 0 else [part])
    )


def test_words_are_found_where_they_stand(store: Store, anna: Mailbox, scope: Scope) -> None:
    raw = a_mail("Hallo Dora", subject="Offerte Öl", author="Änne Keller <anne@there.example>",
                 to="Beat Rossi <beat@muster.example>", attached="Fassade.pdf")  # fmt: skip
    copy = received(store, anna, raw=raw, subject="Offerte Öl", author="anne@there.example").id
    index_mail(store)
    for typed in ("from:keller", "from:aenne", "from:anne@there.example", "to:beat@muster.example",
                  "to:ross", "subject:oel", "subject:offerte", "fassade", "dora rossi keller öl",
                  "-from:dora", 'from:"anne keller"'):  # fmt: skip
        assert found(store, scope, typed) == [copy], typed
    for typed in ("from:rossi", "to:keller", "subject:keller", "subject:dora", "-from:keller",
                  '-from:"anne keller"'):  # fmt: skip
        assert found(store, scope, typed) == [], typed


@pytest.fixture
def three(store: Store, anna: Mailbox) -> list[int]:
    """Return three mails of three days: a small one, one with an attachment, a large one."""
    at = [NOON - timedelta(days=each) for each in (2, 1, 0)]
    ids = [received(store, anna, "eins", at=at[0]).id,
           received(store, anna, "zwei eins", at=at[1], attachments=1).id,
           received(store, anna, "drei eins " * 200, at=at[2]).id]  # fmt: skip
    index_mail(store)
    with store.write() as db:
        marks.mark(db, ids[:1], read_at=NOON)
        marks.mark(db, ids[1:2], pinned_at=NOON)
    return ids


@pytest.mark.parametrize(
    ("typed", "which"),
    [
        ("before:2026-11-23", [0]),
        ("after:gestern", [2, 1]),
        ("after:gestern before:heute", [1]),
        ("has:attachment", [1]),
        ("-has:attachment", [2, 0]),
        ("is:unread", [2, 1]),
        ("is:read", [0]),
        ("is:pinned", [1]),
        ("larger:1k", [2]),
        ("smaller:1k", [1, 0]),
        ("", [2, 1, 0]),
    ],
)
def test_conditions_narrow_what_is_found(
    store: Store, scope: Scope, three: list[int], typed: str, which: list[int]
) -> None:
    assert found(store, scope, typed) == [three[each] for each in which]
    assert found(store, scope, f"{typed} eins") == [three[each] for each in which]
    assert found(store, scope, f"{typed} vier") == []


@pytest.mark.parametrize("few", [0, 1000], ids=["gone through", "fetched"])
def test_pages_follow_one_another(
    store: Store, anna: Mailbox, scope: Scope, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "FEW", few)
    minutes = [3, 1, 4, 1, 5]
    ids = [received(store, anna, "eins", at=NOON + timedelta(minutes=each)).id for each in minutes]
    received(store, anna, "zwei", at=NOON + timedelta(minutes=2))
    index_mail(store)
    wanted = [ids[each] for each in (4, 2, 0, 3, 1)]
    assert found(store, scope, "eins", Page(size=2)) == wanted[:3]
    after = (NOON + timedelta(minutes=4), wanted[1])
    assert found(store, scope, "eins", Page(after, 2)) == wanted[2:]


@pytest.mark.parametrize("few", [0, 2000])
@pytest.mark.parametrize("typed", ["eins", ""])
def test_mail_of_several_mailboxes_is_one_list(
    store: Store, anna: Mailbox, few: int, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "FEW", few)
    with store.write() as db:
        beat = a_mailbox(db, "beat@muster.example")
    owners = [anna, beat, beat, anna, beat]
    ids = [received(store, owner, "eins", at=NOON + timedelta(minutes=number)).id
           for number, owner in enumerate(owners)]  # fmt: skip
    index_mail(store)
    both = Scope(anna.tenant_id, frozenset({anna.id, beat.id}))
    assert found(store, both, typed, Page(size=2)) == ids[:1:-1]
    assert found(store, both, typed, Page((NOON + timedelta(minutes=2), ids[2]), 5)) == ids[1::-1]


def test_nobody_finds_what_is_not_theirs(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        beat, eve = a_mailbox(db, "beat@muster.example"), a_mailbox(db, "eve@other.example")
    copy, its, hers = (indexed(store, each, "eins") for each in (anna, beat, eve))
    assert found(store, scope_of(anna), "eins") == [copy]
    assert found(store, scope_of(anna, beat), "eins") == [its, copy]
    assert found(store, Scope(None, frozenset({eve.id})), "eins") == [hers]
    assert found(store, Scope(eve.tenant_id, frozenset({anna.id})), "eins") == []
    assert found(store, Scope(anna.tenant_id, frozenset()), "eins") == []
    for nobody in (NOTHING, EVERYBODY, Scope(anna.tenant_id)):
        assert found(store, nobody, "eins") == found(store, nobody, "") == []


def test_mail_of_many_readers_is_found_by_each_of_them(
    store: Store, anna: Mailbox, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = indexed(store, anna, "eins zwei")
    monkeypatch.setattr(entries, "MOST_READERS", 0)
    shared = indexed(store, anna, "eins drei", subject="Öl")
    with store.write() as db:
        eve = a_mailbox(db, "eve@muster.example")
    for typed in ("eins", "ei", "drei eins", "-zwei", "subject:oel"):
        assert shared in found(store, scope, typed), typed
        assert found(store, scope_of(eve), typed) == [], typed
    assert found(store, scope, "eins") == [shared, own]
    assert found(store, scope, "eins -drei") == found(store, scope, "-drei") == [own]


def test_what_is_not_shown_is_not_found(store: Store, anna: Mailbox, scope: Scope) -> None:
    copy, held = indexed(store, anna, "eins"), indexed(store, anna, "eins", held=True)
    assert found(store, scope, "eins") == [copy]
    with store.read() as db:
        query = understood("eins", NOON, ZONE)
        every = finding.found(db, select(Delivery), scope, query, Page())
    assert [each.id for each in every] == [held, copy]


def test_mail_that_is_not_read_yet_is_found_by_its_row(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    copy = received(store, anna, "eins", subject="Öl", author="keller@there.example").id
    for typed in ("oel", "keller@there.example", "from:kell subject:öl", "öl -eins"):
        assert found(store, scope, typed) == [copy], typed
    assert found(store, scope, "eins") == []
    index_mail(store)
    assert found(store, scope, "eins") == [copy]


FORGED = [
    "@{}",
    "{}:eins",
    "{}&eins",
    "%{}",
    '"@{}"',
    "@{} OR eins",
    "\0@{}",
    "\uff20{}",
    "\ufe6b{}",
    "\u00ad@{}",
    "@\u0301{}",
]


@pytest.mark.parametrize("sign", FORGED)
def test_no_content_gets_into_another_mailbox(store: Store, anna: Mailbox, sign: str) -> None:
    with store.write() as db:
        beat = a_mailbox(db, "beat@muster.example")
    said = sign.format(beat.id)
    indexed(store, anna, f"eins {said}", subject=said)
    rendered = asking.RENDERED[store.engine.dialect.name]
    with store.read() as db:
        asked = rendered(understood("eins", NOON, ZONE), scope_of(beat))
        known = index.found_in(db, NOON.date())
        assert known is not None
        assert db.execute(known, {"asked": asked}).all() == []
        assert found(store, scope_of(beat), said) == []


HOSTILE = [
    'AND', 'OR', 'NOT', '"a" NEAR "b"', 'NEAR(a b, 5)', 'words:eins', '{words}:eins', '^eins',
    '(', ')', '((((', '*', '"', "'", "''", "\\", "';DROP TABLE messages;--", "a & !b | (c:*)",
    "\0", "eins\0zwei", "\ud800", "x" * 10_000, '"' * 10_000, "( " * 5000, "-" * 300, "%", "_",
    ":asked", "{table}", "&1", "@1", "from:@1", "!a", "<->", "\x1b[0m", "\u202e",
]  # fmt: skip


def test_nothing_that_is_typed_is_an_error(store: Store, anna: Mailbox, scope: Scope) -> None:
    copy = indexed(store, anna, "eins")
    for typed in HOSTILE:
        for each in (typed, f"-{typed}", f"eins {typed}", f"subject:{typed}"):
            assert set(found(store, scope, each)) <= {copy}, each
    assert found(store, scope, "eins") == [copy]


def test_a_tenant_without_mail_finds_nothing(store: Store) -> None:
    with store.write() as db:
        domain = a_domain(db)
    assert found(store, Scope(domain.tenant_id, frozenset({1})), "eins") == []
    with store.read() as db:
        assert db.scalar(select(func.count()).select_from(Message)) == 0
