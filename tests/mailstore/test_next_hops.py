from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import clock as clocks
from mailstore import deliveries, domains, onboarding
from mailstore.deliveries import Delivery
from mailstore.domains import Domain
from mailstore.errors import BadName, NotFound
from mailstore.events import Event
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.factories import RecordedJobs, a_held_delivery, an_accepted

pytestmark = pytest.mark.usefixtures("clock")


def moved(store: Store, anna: Mailbox, route: str) -> int:
    with store.write() as db:
        domain = db.get_one(Domain, anna.domain_id)
        onboarding.set_next_hop(db, domain, route, by="test")
        return domain.lane_id


def row(store: Store, delivery: Delivery) -> Delivery:
    with store.read() as db:
        return db.get_one(Delivery, delivery.id)


def test_what_waits_and_what_is_held_goes_to_the_new_next_hop(
    store: Store, anna: Mailbox, jobs: RecordedJobs, clock: Traveller
) -> None:
    waiting, held = an_accepted(store, anna), a_held_delivery(store, anna)
    clock.shift(timedelta(days=6))
    jobs.asked.clear()
    lane_id = moved(store, anna, "new.example:25 tls=must")
    assert {row(store, each).lane_id for each in (waiting, held)} == {lane_id}
    assert jobs.asked == [("drain", lane_id)]
    with store.read() as db:
        assert db.get_one(Lane, lane_id).route == "new.example:25 tls=must"
        (event,) = db.scalars(select(Event).where(Event.kind == "next_hop_set"))
    assert event.detail["next_hop"] == "new.example:25 tls=must"


def test_mail_ages_anew_at_another_next_hop(store: Store, anna: Mailbox, clock: Traveller) -> None:
    waiting = an_accepted(store, anna)
    clock.shift(timedelta(days=6))
    moved(store, anna, "new.example:25")
    assert row(store, waiting).queued_at == clocks.now()
    assert row(store, waiting).accepted_at == waiting.accepted_at


def test_what_the_old_one_took_stays_with_it(store: Store, anna: Mailbox) -> None:
    taken = an_accepted(store, anna)
    with store.write() as db:
        db.get_one(Delivery, taken.id).state = deliveries.State.DELIVERED
    moved(store, anna, "new.example:25")
    assert row(store, taken).lane_id == taken.lane_id


def test_a_route_that_is_none_changes_nothing(store: Store, anna: Mailbox) -> None:
    waiting = an_accepted(store, anna)
    with pytest.raises(BadName):
        moved(store, anna, "nowhere")
    assert row(store, waiting).lane_id == waiting.lane_id


def test_a_domain_that_is_not_ours_has_no_next_hop(store: Store) -> None:
    with pytest.raises(NotFound), store.read() as db:
        domains.named(db, "elsewhere.example")
