from datetime import UTC

import pytest
from sqlalchemy import select, update

from filter.delivery import drain
from mailstore import clock, marks, restores, restoring
from mailstore.deliveries import Delivery
from mailstore.envelopes import Summary
from mailstore.events import Event
from mailstore.messages import Message
from mailstore.restores import RestoreState
from mailstore.scope import EVERYBODY, NOTHING, Scope
from mailstore.store import Store
from tests.authority import Authority
from tests.databases import on_sqlite
from tests.dovecot import Dovecot
from tests.factories import RAW, RecordedJobs, an_accepted
from tests.mailstore.restorable import FOLDER, OURS, Restorable, raw

pytest_plugins = ["tests.peers"]
pytestmark = on_sqlite

DONE, RUNNING, STOPPED = RestoreState.DONE, RestoreState.RUNNING, RestoreState.STOPPED


@pytest.fixture
def anna(store: Store, dovecot: Dovecot, authority: Authority) -> Restorable:
    return Restorable(store, dovecot, authority)


@pytest.fixture
def three(anna: Restorable) -> list[Delivery]:
    return anna.copies(3)


def test_copies_come_into_the_folder_as_they_were_delivered(
    anna: Restorable, three: list[Delivery]
) -> None:
    done = anna.restored(three)
    assert (done.state, done.done, done.total, done.waiting) == (DONE, 3, 3, [])
    kept = anna.kept()
    assert [each.content for each in kept] == [OURS + raw(number) for number in range(3)]
    dates = [each.message.received_at for each in three]
    assert [each.at.astimezone(UTC) for each in kept] == dates


def test_what_was_read_stays_read(anna: Restorable, three: list[Delivery]) -> None:
    with anna.store.write() as db:
        marks.mark(db, [three[1].id], read_at=clock.now())
    anna.restored(three)
    assert [each.read for each in anna.kept()] == [False, True, False]


def test_lines_that_a_mail_forged_as_ours_are_not_restored(anna: Restorable) -> None:
    forged = b"X-Mailhafen-Class: clean\r\n"
    cuts = Summary(cuts=((0, len(forged)),))
    anna.restored([an_accepted(anna.store, anna.mailbox, raw=forged + RAW, summary=cuts)])
    assert [each.content for each in anna.kept()] == [OURS + RAW]


def test_a_restore_that_runs_twice_puts_nothing_twice(
    anna: Restorable, three: list[Delivery]
) -> None:
    begun = anna.begin(three)
    for _ in range(2):
        restoring.run(anna.store, begun, anna.login)
    assert (anna.row(begun).done, len(anna.kept())) == (3, 3)


def test_what_is_in_the_folder_is_not_put_beside_it(
    anna: Restorable, three: list[Delivery]
) -> None:
    for wanted, there in ((three[:2], 2), (three, 3)):
        assert anna.restored(wanted).state is DONE
        assert len(anna.kept()) == there


@pytest.mark.parametrize("odd", ["", "there.example", "0"], ids=["none", "a part", "a number"])
def test_a_mail_without_a_proper_id_is_not_taken_for_another(anna: Restorable, odd: str) -> None:
    done = anna.restored([*anna.copies(1), anna.copy(b"Subject: odd\r\n\r\n", odd)])
    assert (done.done, len(anna.kept())) == (2, 2)


def test_a_mail_that_is_erased_meanwhile_is_passed_over(
    anna: Restorable, three: list[Delivery]
) -> None:
    with anna.store.write() as db:
        db.execute(update(Message).where(Message.id == three[0].message_id).values(pack=None))
    done = anna.restored(three)
    assert (done.state, done.done, len(anna.kept())) == (DONE, 3, 2)


def test_the_master_of_a_domain_restores_by_the_job(
    anna: Restorable, three: list[Delivery], jobs: RecordedJobs
) -> None:
    anna.trust_master()
    begun = anna.begin(three)
    anna.leave(begun)
    assert jobs.asked[-1] == ("restore", begun)
    for _ in range(2):
        restoring.restore(anna.store, begun)
    assert (anna.row(begun).state, len(anna.kept())) == (DONE, 3)


def test_a_restore_that_somebody_works_on_is_left_alone(
    anna: Restorable, three: list[Delivery]
) -> None:
    anna.trust_master()
    begun = anna.begin(three)
    restoring.restore(anna.store, begun)
    assert (anna.row(begun).state, anna.row(begun).done, anna.left()) == (RUNNING, 0, [])
    assert FOLDER not in anna.folders()


def test_what_came_by_lmtp_is_found_by_imap_and_not_put_beside_itself(
    anna: Restorable, three: list[Delivery]
) -> None:
    drain(anna.store, three[0].lane_id)
    assert sorted(each.content[-len(raw(0)) :] for each in anna.kept("INBOX")) == [
        raw(number) for number in range(3)
    ]
    for folder in ("INBOX", FOLDER):
        assert anna.restored(three, folder).done == 3
        assert len(anna.kept(folder)) == 3


def test_a_restore_is_seen_by_those_whose_mailbox_it_is(
    anna: Restorable, three: list[Delivery]
) -> None:
    begun, tenant, box = anna.begin(three), anna.mailbox.tenant_id, anna.mailbox.id
    seen = [EVERYBODY, Scope(tenant), Scope(tenant, frozenset({box}))]
    others = [Scope(tenant + 1), Scope(tenant + 1, frozenset({box}))]
    unseen = [NOTHING, *others, Scope(tenant, frozenset({box + 1})), Scope(tenant, frozenset())]
    with anna.store.read() as db:
        assert all(restores.look(db, scope, begun) for scope in seen)
        assert not any(restores.look(db, scope, begun) for scope in unseen)
        assert restores.look(db, EVERYBODY, begun + 1) is None


def test_who_began_a_restore_is_in_the_log_of_the_mailbox(
    anna: Restorable, three: list[Delivery]
) -> None:
    anna.begin(three)
    with anna.store.read() as db:
        event = db.scalars(select(Event).where(Event.kind == "restore_begun")).one()
    assert (event.by, event.mailbox_id) == ("anna", anna.mailbox.id)
    assert event.detail == {"folder": FOLDER, "mails": 3}
