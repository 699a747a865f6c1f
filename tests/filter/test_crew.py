import re
from collections import Counter

import pytest
from sqlalchemy import select

from filter.crew import MOST_CONNECTIONS
from filter.delivery import drain
from mailstore import recording
from mailstore.deliveries import Delivery, State
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA, a_verdict, accepted_by, deliveries_of, the_recipient
from tests.filter.again import drain_until_delivered, let_hops_be_tried
from tests.filter.background import Background
from tests.filter.rows import lane_of, now
from tests.filter.sink import CLOSE, CONTENT, DOT, Sink

pytestmark = on_sqlite


def queue_many(store: Store, count: int) -> list[Delivery]:
    """Queue mails for Anna, each with its number as its subject."""
    with store.read() as db:
        verdict = a_verdict(the_recipient(db, ANNA))
    texts = [b"Subject: %03d\r\n\r\nx\r\n" % number for number in range(count)]
    mails = [accepted_by(store, [verdict], raw=text) for text in texts]
    places = store.packs.append([mail.sealed.slice for mail in mails])
    with store.write() as db:
        recording.record(db, list(zip(mails, places, strict=True)))
        return [next(iter(deliveries_of(db, mail))) for mail in mails]


def numbers(hop: Sink) -> list[int]:
    """Return the numbers of the mails that arrived, in this order."""
    return [int(found) for wire in hop.mails for found in re.findall(rb"Subject: (\d+)", wire)]


def states(store: Store) -> Counter[State]:
    with store.read() as db:
        return Counter(db.scalars(select(Delivery.state)))


def test_many_mails_to_a_slow_hop_go_over_several_connections_each_once(
    hop: Sink, store: Store
) -> None:
    hop.pause = 0.02
    queued = queue_many(store, 200)
    drain(store, queued[0].lane_id)
    assert sorted(numbers(hop)) == list(range(200))
    assert states(store) == {State.DELIVERED: 200}
    assert 1 < hop.connections <= MOST_CONNECTIONS


def test_the_oldest_mail_goes_first(hop: Sink, store: Store) -> None:
    hop.most = 1
    queued = queue_many(store, 70)
    drain(store, queued[0].lane_id)
    assert numbers(hop) == list(range(70))


def test_over_several_connections_mail_goes_about_by_its_age(hop: Sink, store: Store) -> None:
    hop.pause = 0.005
    queued = queue_many(store, 150)
    drain(store, queued[0].lane_id)
    early = [abs(place - number) for place, number in enumerate(numbers(hop))]
    assert max(early) <= hop.connections


@pytest.mark.parametrize("most", [1, 3])
def test_a_hop_that_lets_few_connections_in_gets_all_mail_over_these_each_once(
    hop: Sink, store: Store, most: int
) -> None:
    hop.most, hop.pause = most, 0.005
    queued = queue_many(store, 100)
    drain(store, queued[0].lane_id)
    assert sorted(numbers(hop)) == list(range(100))
    assert states(store) == {State.DELIVERED: 100}
    assert lane_of(store, queued[0]).failing_since is None
    assert most < hop.connections <= most + MOST_CONNECTIONS


def test_few_mails_go_over_one_connection(hop: Sink, store: Store) -> None:
    queued = queue_many(store, 2)
    drain(store, queued[0].lane_id)
    assert (numbers(hop), hop.connections) == ([0, 1], 1)


@pytest.mark.parametrize("stage", ["MAIL", CONTENT, DOT])
def test_connections_that_break_one_after_another_lose_nothing(
    hop: Sink, store: Store, stage: str
) -> None:
    hop.pause, hop.turns[stage] = 0.002, ["250 2.0.0 ok", "250 2.0.0 ok", CLOSE] * 5
    queued = queue_many(store, 60)
    drain_until_delivered(store, *queued)
    copies = Counter(numbers(hop))
    assert set(copies) == set(range(60))
    assert copies.total() == 60 + (5 if stage == DOT else 0)


def test_mail_goes_by_its_age_to_a_hop_that_is_back_whatever_it_said_before(
    hop: Sink, store: Store, background: Background
) -> None:
    hop.most, hop.turns["RCPT"] = 1, ["451 4.7.1 greylisted"] * 2
    before = queue_many(store, 2)
    drain(store, before[0].lane_id)
    background.run(hop.stop())
    meanwhile = queue_many(store, 3)
    drain(store, meanwhile[0].lane_id)
    assert [now(store, each).attempts for each in (*before, *meanwhile)] == [1, 1, 0, 0, 0]
    background.run(hop.start())
    let_hops_be_tried(store)
    drain(store, meanwhile[0].lane_id)
    assert states(store) == {State.DELIVERED: 5}
    assert numbers(hop) == [0, 1, 0, 1, 2]
