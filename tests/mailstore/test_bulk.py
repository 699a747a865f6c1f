from concurrent.futures import ThreadPoolExecutor

import pytest
from time_machine import Traveller

from filter import sweep
from mailstore import bulk, quarantine, roles
from mailstore.accounts import Account
from mailstore.bulk import BATCH, STALE, BulkDeed, BulkState
from mailstore.deliveries import State
from mailstore.envelopes import HeldRight, MailClass
from mailstore.mailboxes import Mailbox
from mailstore.scope import Scope
from mailstore.store import Store
from tests.factories import BEAT, RecordedJobs, a_held_delivery, a_mailbox, an_account
from tests.mailstore.bulks import begin, row, run, so_many
from tests.mailstore.holding import delegate, held_from, let, lines, scope_of, shut_out, states

RELEASE, DELETE, SPAM = BulkDeed.RELEASE, BulkDeed.DELETE, BulkDeed.SPAM
HELD, DELETED, RELEASING = State.QUARANTINED, State.DELETED, State.RELEASING


@pytest.fixture
def account(store: Store, anna: Mailbox) -> Account:
    with store.write() as db:
        return an_account(db, anna)


@pytest.mark.parametrize(
    ("deed", "state", "kind"),
    [(RELEASE, RELEASING, "released"), (DELETE, DELETED, "deleted"),
     (SPAM, DELETED, "deleted_as_spam")],
)  # fmt: skip
def test_all_that_match_are_done_batch_by_batch_and_nothing_else(
    store: Store, anna: Mailbox, scope: Scope, deed: BulkDeed, state: State, kind: str
) -> None:
    ids = so_many(store, anna, BATCH + 3)
    other = held_from(store, anna, subject="Lunch")
    begun = begin(store, scope, deed, "plans")
    done = run(store, begun)
    assert (done.state, done.total, done.seen, done.done) == (BulkState.DONE, *[len(ids)] * 3)
    assert {*states(store, *ids)} == {state}
    assert states(store, other) == [HELD]
    said = lines(store, kind)
    assert [each.delivery_id for each in said] == ids
    assert {(each.by, each.detail["bulk"]) for each in said} == {("anna", begun)}


def test_it_is_asked_for_once_it_is_noted_and_the_log_says_so(
    store: Store, anna: Mailbox, scope: Scope, jobs: RecordedJobs
) -> None:
    so_many(store, anna, 2)
    begun = begin(store, scope, DELETE)
    assert jobs.asked == [("run_bulk", begun)]
    (line,) = lines(store, "bulk_begun")
    assert (line.by, line.detail) == ("anna", {"bulk": begun, "deed": "delete", "mails": 2})


def test_mail_that_comes_later_is_left_alone(store: Store, anna: Mailbox, scope: Scope) -> None:
    first = so_many(store, anna, 2)
    begun = begin(store, scope, DELETE)
    later = so_many(store, anna, 2)
    assert run(store, begun).total == 2
    assert states(store, *first, *later) == [DELETED, DELETED, HELD, HELD]


def test_what_people_may_not_deliver_stays_held_and_is_told(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    kinds = (MailClass.SPAM, MailClass.PHISH, MailClass.VIRUS, MailClass.NEWSLETTER)
    ids = [a_held_delivery(store, anna, mail_class=each).id for each in kinds]
    done = run(store, begin(store, scope, RELEASE))
    assert (done.seen, done.done) == (4, 2)
    assert states(store, *ids) == [RELEASING, HELD, HELD, RELEASING]


def test_what_is_hidden_is_neither_counted_nor_touched(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    let(store, anna, phish=HeldRight.HIDDEN)
    hidden = a_held_delivery(store, anna, mail_class=MailClass.PHISH).id
    done = run(store, begin(store, scope, DELETE))
    assert (done.total, done.seen, done.done) == (0, 0, 0)
    assert states(store, hidden) == [HELD]


def test_what_became_hidden_meanwhile_is_left_alone(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    (held,) = so_many(store, anna, 1)
    begun = begin(store, scope, DELETE)
    let(store, anna, spam=HeldRight.HIDDEN)
    assert run(store, begun).done == 0
    assert states(store, held) == [HELD]


def test_what_somebody_else_did_meanwhile_is_not_counted(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    ids = so_many(store, anna, 3)
    begun = begin(store, scope, RELEASE)
    with store.write() as db:
        quarantine.delete(db, scope, ids[1], by="beat")
    done = run(store, begun)
    assert (done.state, done.total, done.done) == (BulkState.DONE, 3, 2)


def test_of_several_workers_each_mail_is_done_by_one(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    ids = so_many(store, anna, 2 * BATCH + 20)
    begun = begin(store, scope, DELETE)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: bulk.run_bulk(store, begun), range(8)))
    done = row(store, begun)
    assert (done.state, done.seen, done.done) == (BulkState.DONE, len(ids), len(ids))
    assert sorted(each.delivery_id or 0 for each in lines(store, "deleted")) == ids


def test_two_people_who_do_the_same_do_each_mail_once(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    ids = so_many(store, anna, BATCH + 20)
    both = [begin(store, scope, each) for each in (DELETE, RELEASE)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda begun: bulk.run_bulk(store, begun), both))
    assert sum(row(store, begun).done for begun in both) == len(ids)
    assert len(lines(store, "deleted", "released")) == len(ids)


def test_what_nobody_works_on_is_found_by_the_sweep_and_goes_on(
    store: Store, anna: Mailbox, scope: Scope, clock: Traveller
) -> None:
    ids = so_many(store, anna, BATCH + 5)
    begun = begin(store, scope, DELETE)
    assert not bulk._step(store, begun)  # And there the worker dies.
    assert row(store, begun).done == BATCH
    assert ("run_bulk", begun) not in asked(store)
    clock.shift(STALE)
    assert ("run_bulk", begun) in asked(store)
    assert run(store, begun).done == len(ids)
    clock.shift(STALE)
    assert ("run_bulk", begun) not in asked(store)


def asked(store: Store) -> list[tuple[str | int, ...]]:
    noted = RecordedJobs()
    sweep.sweep(store, noted)
    return noted.asked


def test_running_what_is_done_or_was_never_begun_does_nothing(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    begun = begin(store, scope, DELETE)
    run(store, begun)
    late = so_many(store, anna, 1)
    run(store, begun)
    bulk.run_bulk(store, begun + 1)
    assert states(store, *late) == [HELD]


def put_off(store: Store, account: Account) -> None:
    with store.write() as db:
        roles.set_active(db, db.get_one(Account, account.id), on=False, by="test")


@pytest.mark.parametrize("why", ["account off", "access lost"])
def test_who_may_no_longer_does_no_more(
    store: Store, anna: Mailbox, account: Account, scope: Scope, why: str
) -> None:
    ids = so_many(store, anna, BATCH + 5)
    begun = begin(store, scope, DELETE, account=account)
    assert not bulk._step(store, begun)
    put_off(store, account) if why == "account off" else shut_out(store, account, anna)
    done = run(store, begun)
    assert (done.state, done.done) == (BulkState.DONE, BATCH)
    assert states(store, ids[-1]) == [HELD]


def test_a_delegate_who_lost_one_mailbox_goes_on_in_the_others(
    store: Store, anna: Mailbox, account: Account
) -> None:
    with store.write() as db:
        beat = a_mailbox(db, BEAT)
    delegate(store, account, beat)
    (mine,), (his,) = so_many(store, anna, 1), so_many(store, beat, 1)
    begun = begin(store, scope_of(anna, beat), DELETE, account=account)
    shut_out(store, account, beat)
    assert run(store, begun).done == 1
    assert states(store, mine, his) == [DELETED, HELD]


def test_an_account_that_is_deleted_takes_what_it_began_with_it(
    store: Store, anna: Mailbox, account: Account, scope: Scope
) -> None:
    (held,) = so_many(store, anna, 1)
    begun = begin(store, scope, DELETE, account=account)
    with store.write() as db:
        db.delete(db.get_one(Account, account.id))
    bulk.run_bulk(store, begun)
    assert states(store, held) == [HELD]


def test_nobody_else_sees_it(store: Store, anna: Mailbox, scope: Scope) -> None:
    with store.write() as db:
        beat, other = a_mailbox(db, BEAT), a_mailbox(db, "eve@elsewhere.example")
    begun = begin(store, scope, DELETE)
    with store.read() as db:
        mine = bulk.look(db, scope, begun, "anna")
        assert mine is not None
        assert list(bulk.some(db, scope, [begun], "anna")) == [begun]
        for seen, by in ((scope, "beat"), (scope_of(beat), "anna"), (scope_of(other), "anna")):
            assert bulk.look(db, seen, begun, by) is None
            assert bulk.some(db, seen, [begun], by) == {}


def test_who_lost_one_of_its_mailboxes_sees_it_no_more(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    with store.write() as db:
        beat = a_mailbox(db, BEAT)
    begun = begin(store, scope_of(anna, beat), DELETE)
    with store.read() as db:
        assert bulk.look(db, scope, begun, "anna") is None
        assert bulk.some(db, scope, [begun], "anna") == {}
