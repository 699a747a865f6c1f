import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import update

from mailstore import clock, restoring, retention
from mailstore.deliveries import Delivery, State
from mailstore.domains import Domain
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.retention import CARRY
from mailstore.sending import bringing, homecomings, whereabouts
from mailstore.sending.bringing import PASSWORD_WITHIN, bring_home
from mailstore.sending.homecomings import LEASE, Homecoming, HomeState, Way
from mailstore.sending.whereabouts import Where
from mailstore.store import Store
from tests.authority import Authority
from tests.databases import on_sqlite
from tests.dovecot import MASTER_PASSWORD, PASSWORD, SPECIAL, Dovecot
from tests.factories import NOON, RecordedJobs
from tests.filter.rows import events_of
from tests.mailstore.holding import scope_of
from tests.mailstore.restorable import Restorable, dies, until
from tests.mailstore.sending.written import BLIND, KUNDE, answer, home_of, send

pytest_plugins = ["tests.peers"]

DAY, GIVE_UP = timedelta(days=1), timedelta(days=31)
NOBODY = "127.0.0.1:9"


@pytest.fixture
def person(store: Store, dovecot: Dovecot, authority: Authority) -> Restorable:
    """Return somebody whose mailbox lies on Dovecot, which has a master login."""
    made = Restorable(store, dovecot, authority)
    made.trust_master()
    return made


@pytest.fixture
def away(store: Store, anna: Mailbox) -> Mailbox:
    """Return Anna's mailbox, on a server with a master login that does not answer."""
    secret = store.ring.wrap(MASTER_PASSWORD.encode())
    named(store, imap_server=NOBODY, imap_master="keeper", imap_secret=secret)
    return anna


def named(store: Store, **values: str) -> None:
    with store.write() as db:
        db.execute(update(Domain).values(**values))


def due(store: Store) -> list[int]:
    with store.read() as db:
        return list(homecomings.due(db, clock.now()))


def where(store: Store, mailbox: Mailbox, message: Message) -> Where | None:
    with store.read() as db:
        found = whereabouts.of(db, scope_of(mailbox), message)
    return found.where if found else None


def wanting(store: Store, mailbox: Mailbox) -> list[tuple[str, int]]:
    with store.read() as db:
        return [(each.address, each.mails) for each in whereabouts.wanting(db, scope_of(mailbox))]


def test_it_is_noted_with_the_message_and_asked_for(
    store: Store, anna: Mailbox, jobs: RecordedJobs
) -> None:
    message = send(store, anna, at=NOON)
    row = home_of(store, message)
    assert (row.mailbox_id, row.state, row.sent_at) == (anna.id, HomeState.WAITING, NOON)
    assert ("bring_home", anna.id) in jobs.asked
    assert due(store) == [anna.id]
    send(store, anna, number=2, comes_home=False)
    with store.read() as db:
        assert len(homecomings.not_home(db)) == 1


@on_sqlite
def test_it_lies_among_sent_mail_read_with_its_date_and_whom_it_went_to(
    person: Restorable, dovecot: Dovecot
) -> None:
    dovecot.make(person.mailbox.address, "Sent")
    dovecot.make(person.mailbox.address, SPECIAL)
    message = send(person.store, person.mailbox, at=NOON)
    bring_home(person.store, person.mailbox.id)
    (kept,) = person.kept(SPECIAL)
    assert kept.content == f"Bcc: {BLIND}\r\n".encode() + answer(person.mailbox)
    assert (kept.read, kept.at) == (True, NOON)
    assert where(person.store, person.mailbox, message) is Where.HOME
    assert events_of(person.store)[-1] == "came_home"
    assert due(person.store) == []


@on_sqlite
def test_where_there_is_no_folder_of_sent_mail_one_is_made(person: Restorable) -> None:
    for number in (1, 2):
        send(person.store, person.mailbox, to=[KUNDE], number=number)
        bring_home(person.store, person.mailbox.id)
    assert [each.content for each in person.kept("Sent")] == [
        answer(person.mailbox, number) for number in (1, 2)
    ]
    assert "Sent" in person.folders()


@on_sqlite
def test_a_worker_that_died_with_a_mail_in_the_folder_puts_it_there_once(
    person: Restorable,
) -> None:
    sent = [send(person.store, person.mailbox, number=number) for number in range(3)]
    assert dies(person.store, "bring_home", person.mailbox.id, 2) == -signal.SIGKILL
    assert (len(person.kept("Sent")), due(person.store)) == (2, [])
    with time_machine.travel(clock.now() + LEASE + timedelta(seconds=1)):
        assert due(person.store) == [person.mailbox.id]
        bring_home(person.store, person.mailbox.id)
    assert len(person.kept("Sent")) == 3
    states = [home_of(person.store, each).state for each in sent]
    assert states == [HomeState.DONE] * 3


def test_whoever_lost_the_lease_changes_nothing(store: Store, away: Mailbox) -> None:
    message = send(store, away)
    with store.write() as db:
        (slow,) = homecomings.claim_due(db, away.id, 9)
        assert homecomings.claim_due(db, away.id, 9) == []
    with time_machine.travel(clock.now() + LEASE + timedelta(seconds=1)), store.write() as db:
        (quick,) = homecomings.claim_due(db, away.id, 9)
        assert not homecomings.keep(db, slow)
        assert not homecomings.done(db, slow, Way.MASTER)
        assert homecomings.done(db, quick, Way.MASTER)
        assert not homecomings.give_up(db, quick, "late")
    assert home_of(store, message).state is HomeState.DONE


@pytest.mark.usefixtures("clock")
def test_a_silent_server_is_tried_again_later_and_at_once_when_its_lane_is_back(
    store: Store, away: Mailbox, clock: time_machine.Traveller
) -> None:
    message, waits = send(store, away), []
    for _ in range(8):
        bring_home(store, away.id)
        row = home_of(store, message)
        waits.append((row.due_at - NOON).total_seconds() / 60)
        clock.move_to(row.due_at)
        with store.write() as db:
            db.execute(update(Homecoming).values(sent_at=row.due_at))
    steps = [round(b - a) for a, b in zip([0.0, *waits], waits, strict=False)]
    assert steps == [1, 2, 4, 8, 16, 32, 60, 60]
    assert "refused" in home_of(store, message).error
    bring_home(store, away.id)
    with store.write() as db:
        homecomings.start_over(db, db.get_one(Domain, away.domain_id).lane_id)
    assert (due(store), home_of(store, message).attempts) == ([away.id], 0)


def test_it_is_given_up_once_it_is_too_old_and_can_be_tried_by_hand(
    store: Store, away: Mailbox, clock: time_machine.Traveller
) -> None:
    message = send(store, away)
    clock.shift(GIVE_UP)
    bring_home(store, away.id)
    assert home_of(store, message).state is HomeState.GIVEN_UP
    assert where(store, away, message) is Where.LOST
    assert events_of(store)[-1] == "homecoming_given_up"
    clock.shift(-GIVE_UP)
    with store.write() as db:
        assert homecomings.try_again(db, away.id, by="operator") == 1
    assert due(store) == [away.id]


def test_its_content_is_kept_for_as_long_as_it_waits(
    store: Store, away: Mailbox, clock: time_machine.Traveller
) -> None:
    message = send(store, away)
    with store.write() as db:
        db.execute(update(Delivery).values(state=State.DELIVERED))
    clock.shift(10 * DAY)
    retention.expire(store)
    with store.read() as db:
        kept = db.get_one(Message, message.id)
    assert b"".join(store.content(kept)) == answer(away)
    with store.write() as db:
        (row,) = homecomings.claim_due(db, away.id, 9)
        homecomings.give_up(db, row, "never mind")
    clock.shift(CARRY + DAY)
    retention.expire(store)
    with store.read() as db:
        assert db.get_one(Message, message.id).pack is None


@on_sqlite
def test_content_that_cannot_be_read_is_given_up_and_the_rest_comes_home(
    person: Restorable,
) -> None:
    lost, fine = (send(person.store, person.mailbox, number=number) for number in (1, 2))
    with person.store.write() as db:
        db.execute(update(Message).where(Message.id == lost.id).values(pack=None))
    bring_home(person.store, person.mailbox.id)
    states = [home_of(person.store, each).state for each in (lost, fine)]
    assert states == [HomeState.GIVEN_UP, HomeState.DONE]


@on_sqlite
def test_without_a_master_login_a_password_brings_it_home(person: Restorable) -> None:
    store, box = person.store, person.mailbox
    person.change(imap_master="", imap_secret="")
    message = send(store, box)
    bring_home(store, box.id)
    assert where(store, box, message) is Where.WANTS_PASSWORD
    assert wanting(store, box) == [(box.address, 1)]
    assert due(store) == []
    with store.write() as db:
        rows = homecomings.claim_waiting(db, box.id, 9)
        place = restoring.place_of(db, store.settings, box.id)
    assert wanting(store, box) == []
    assert place is not None
    bringing.start(store, place.server, person.login, rows)
    until(lambda: where(store, box, message) is Where.HOME)
    assert len(person.kept("Sent")) == 1
    assert not any(PASSWORD.encode() in each.read_bytes() for each in files_of(store))


def test_a_password_is_not_asked_for_while_the_server_is_down(store: Store, away: Mailbox) -> None:
    named(store, imap_master="")
    send(store, away)
    bring_home(store, away.id)
    with store.write() as db:
        db.execute(update(Lane).values(down_since=NOON))
    assert wanting(store, away) == []


@pytest.mark.parametrize(
    ("age", "way"), [(2 * DAY, Way.PASSWORD), (PASSWORD_WITHIN + DAY, Way.MAIL)]
)
def test_a_password_that_nobody_gives_is_waited_for_three_days(
    store: Store, away: Mailbox, clock: time_machine.Traveller, age: timedelta, way: Way
) -> None:
    named(store, imap_master="")
    message = send(store, away)
    bring_home(store, away.id)
    clock.shift(age)
    bring_home(store, away.id)
    assert home_of(store, message).way is way


def files_of(store: Store) -> Iterator[Path]:
    return (each for each in store.settings.data_dir.rglob("*") if each.is_file())


@pytest.mark.parametrize(
    ("then", "home"), [(State.QUEUED, HomeState.DONE), (State.DELETED, HomeState.GIVEN_UP)]
)
def test_what_is_held_comes_home_only_if_it_goes_out(
    store: Store, anna: Mailbox, then: State, home: HomeState
) -> None:
    message = send(store, anna)
    for state, expected in ((State.QUARANTINED, HomeState.WAITING), (then, home)):
        with store.write() as db:
            its = update(Delivery).where(Delivery.message_id == message.id)
            db.execute(its.values(state=state))
        bring_home(store, anna.id)
        assert home_of(store, message).state is expected
