from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from filter import sweep
from filter.learning import learn, learn_lessons
from filter.spool import Spool
from filter.tokens import tokens_of
from filter.worker import JOBS
from mailstore import bayes, lessons, quarantine
from mailstore.addresses import Address
from mailstore.bayes import ENOUGH, Learner, TokenCount
from mailstore.deliveries import Delivery
from mailstore.envelopes import Client
from mailstore.lessons import Lesson
from mailstore.mailboxes import Mailbox
from mailstore.mime import Mail
from mailstore.scope import EVERYBODY
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA, BOB, RAW, RecordedJobs, a_mailbox, an_accepted, as_environment
from tests.filter.background import Background
from tests.filter.exams import raw_mail
from tests.filter.relay import Relay

NEAR = Client("127.0.0.1", "printer.muster.example")
HEAD = (
    "From: Eve <eve@pills.example>\nTo: anna@muster.example\nDate: Tue, 24 Nov 2026 12:00 +0000\n"
)
SPAM = [
    raw_mail(f"{HEAD}Subject: Angebot\n\nGünstige Pillen ohne Rezept bestellen\n"),
    raw_mail(f"{HEAD}Subject: Offer\n\nCheap pills without any prescription\n"),
]


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db)


@pytest.fixture
def reported(store: Store, anna: Mailbox) -> Delivery:
    copy = an_accepted(store, anna)
    with store.write() as db:
        assert quarantine.report_spam(db, EVERYBODY, copy.id, by="anna")
    return copy


def totals(store: Store) -> dict[int, tuple[int, int]]:
    with store.read() as db:
        return {row.id: (row.ham, row.spam) for row in db.scalars(select(Learner))}


def run(store: Store, *args: object) -> Result:
    return CliRunner().invoke(learn, [*map(str, args)], env=as_environment(store.settings))


def a_folder(folder: Path, *mails: bytes) -> Path:
    folder.mkdir()
    for number, raw in enumerate(mails):
        (folder / f"{number}.eml").write_bytes(raw)
    return folder


def test_the_worker_finds_what_people_said_and_learns_it_once(
    store: Store, reported: Delivery
) -> None:
    asked = RecordedJobs()
    sweep.sweep(store, asked)
    assert (lessons.JOB,) in asked.asked
    assert lessons.JOB in {job.__name__ for job in JOBS}
    for _ in range(2):
        learn_lessons(store)
    assert totals(store)[reported.tenant_id] == (0, 1)
    with store.read() as db:
        key = bayes.token_key(db, store.ring)
        known = set(db.scalars(select(TokenCount.token)))
    assert key
    assert known == set(tokens_of(Mail(RAW), key))


def test_a_mail_that_is_gone_teaches_nothing(store: Store, reported: Delivery) -> None:
    store.packs.remove(reported.message.pack or "", reported.message.day)
    learn_lessons(store)
    with store.read() as db:
        assert db.scalars(select(Lesson.due_at)).one() is None
        assert db.scalar(select(func.count()).select_from(TokenCount)) == 0


def test_a_mail_that_nobody_can_read_is_left_for_later(store: Store, anna: Mailbox) -> None:
    nested = b"Content-Type: message/rfc822\r\n\r\n" * 3000 + RAW
    copy = an_accepted(store, anna, raw=nested)
    with store.write() as db:
        quarantine.report_spam(db, EVERYBODY, copy.id, by="anna")
    learn_lessons(store)
    with store.read() as db:
        assert db.scalars(select(Lesson.learned_as_spam)).one() is None
        assert db.scalars(select(Lesson.due_at)).one() is not None


def test_an_operator_teaches_the_base_from_folders(store: Store, tmp_path: Path) -> None:
    spam = a_folder(tmp_path / "spam", *SPAM, b"From eve Tue Nov 24\n" + SPAM[0])
    done = run(store, "--spam", spam, "--ham", a_folder(tmp_path / "ham", RAW))
    assert (done.exit_code, done.output) == (0, "Learned 3 of spam.\nLearned 1 of ham.\n")
    assert totals(store) == {bayes.BASE: (1, 3)}


def test_an_operator_teaches_one_customer(store: Store, anna: Mailbox, tmp_path: Path) -> None:
    spam = a_folder(tmp_path / "spam", *SPAM)
    done = run(store, "--spam", spam, "--tenant", "muster.example")
    assert done.exit_code == 0, done.output
    assert totals(store) == {bayes.BASE: (0, 0), anna.tenant_id: (0, 2)}


def test_a_customer_nobody_knows_is_named(store: Store, tmp_path: Path) -> None:
    done = run(store, "--spam", tmp_path, "--tenant", "Nobody")
    assert (done.exit_code, done.output) == (2, "There is no tenant 'Nobody'.\n")


def test_a_mail_that_cannot_be_read_is_counted_apart(store: Store, tmp_path: Path) -> None:
    nested = b"Content-Type: message/rfc822\n\n" * 3000
    done = run(store, "--spam", a_folder(tmp_path / "spam", nested, SPAM[0]))
    assert "Learned 1 of spam; 1 could not be read." in done.output
    assert totals(store) == {bayes.BASE: (0, 1)}


def names_found(relay: Relay, background: Background, raw: bytes) -> set[str]:
    """Return the symbols of the mail that the relay takes for Anna."""

    async def accept() -> None:
        known = await relay.intake.directory.knows(Address.parse(ANNA))
        assert not isinstance(known, str)
        with Spool(relay.intake.spool_folder) as spool:
            spool.write(raw)
            await relay.intake.accept(NEAR, BOB, [known], spool)

    background.run(accept())
    return {name for name, *_ in relay.deliveries()[-1].symbols}


@pytest.mark.parametrize("raw", SPAM, ids=["German", "English"])
def test_the_relay_knows_spam_again_once_enough_was_learned(
    relay: Relay, background: Background, raw: bytes
) -> None:
    with relay.store.write() as db:
        key = bayes.make_token_key(db, relay.store.ring)
        for as_spam, mail in ((True, raw), (False, RAW)):
            tokens = tokens_of(Mail(mail), key)
            for _ in range(ENOUGH):
                bayes.learn(db, None, tokens, as_spam=as_spam)
    assert "BAYES_99" in names_found(relay, background, raw)
    assert "BAYES_01" in names_found(relay, background, RAW)


@on_sqlite
def test_before_that_it_makes_no_tokens(relay: Relay, background: Background) -> None:
    async def key() -> bytes | None:
        known = await relay.intake.directory.knows(Address.parse(ANNA))
        assert not isinstance(known, str)
        return await relay.intake.directory.token_key([known])

    with relay.store.write() as db:
        bayes.make_token_key(db, relay.store.ring)
        bayes.learn(db, None, [1], as_spam=True)
    assert background.run(key()) is None
    assert not {each for each in names_found(relay, background, RAW) if "BAYES" in each}
