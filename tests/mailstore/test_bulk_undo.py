from datetime import timedelta

import pytest
from time_machine import Traveller

from mailstore import bulk, lessons, quarantine
from mailstore import clock as clocks
from mailstore.bulk import BATCH, Bulk, BulkDeed, BulkState
from mailstore.deliveries import State
from mailstore.mailboxes import Mailbox
from mailstore.scope import Scope
from mailstore.store import Store
from tests.mailstore.bulks import begin, row, run, so_many
from tests.mailstore.holding import states

RELEASE, DELETE, SPAM = BulkDeed.RELEASE, BulkDeed.DELETE, BulkDeed.SPAM
HELD, DELETED = State.QUARANTINED, State.DELETED


def undo(store: Store, scope: Scope, begun: int) -> Bulk:
    """Take a bulk deed back, and return how far that came."""
    with store.write() as db:
        again = bulk.begin_undo(db, scope, row(store, begun), by="anna")
    return run(store, again)


@pytest.mark.parametrize("deed", [DELETE, SPAM])
def test_taking_it_back_holds_all_again_and_unlearns_it(
    store: Store, anna: Mailbox, scope: Scope, deed: BulkDeed
) -> None:
    ids = so_many(store, anna, BATCH + 3)
    begun = begin(store, scope, deed)
    assert run(store, begun).can_be_undone
    done = undo(store, scope, begun)
    assert (done.state, done.total, done.done) == (BulkState.DONE, len(ids), len(ids))
    assert not done.can_be_undone
    assert {*states(store, *ids)} == {HELD}
    with store.read() as db:
        assert not lessons.due(db, clocks.now())


def test_taking_it_back_twice_leaves_alone_what_was_deleted_since(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    ids = so_many(store, anna, 3)
    begun = begin(store, scope, DELETE)
    run(store, begun)
    undo(store, scope, begun)
    with store.write() as db:
        quarantine.delete(db, scope, ids[1], by="beat")
    assert undo(store, scope, begun).done == 0
    assert states(store, *ids) == [HELD, DELETED, HELD]


def test_what_was_deleted_before_is_not_brought_back(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    first, second = so_many(store, anna, 2)
    with store.write() as db:
        quarantine.delete(db, scope, first, by="anna")
    begun = begin(store, scope, DELETE)
    run(store, begun)
    assert undo(store, scope, begun).done == 1
    assert states(store, first, second) == [DELETED, HELD]


def test_only_a_deletion_that_is_done_and_new_can_be_taken_back(
    store: Store, anna: Mailbox, scope: Scope, clock: Traveller
) -> None:
    so_many(store, anna, 1)
    deleting = begin(store, scope, DELETE)
    assert not row(store, deleting).can_be_undone
    assert run(store, deleting).can_be_undone
    so_many(store, anna, 1)
    assert not run(store, begin(store, scope, RELEASE)).can_be_undone
    assert not run(store, begin(store, scope, DELETE)).can_be_undone
    clock.shift(timedelta(minutes=15))
    assert not row(store, deleting).can_be_undone
