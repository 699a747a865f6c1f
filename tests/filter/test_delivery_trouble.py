import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import update

from filter import content, crew, ledger
from filter.delivery import drain
from filter.ledger import Ledger
from mailstore import clock
from mailstore.deliveries import Delivery, Outcome, Result, State
from mailstore.store import Store
from tests.factories import BEAT
from tests.filter.background import Background
from tests.filter.conftest import Queue
from tests.filter.rows import claimed, damage, events_of, lane_of, now
from tests.filter.sink import CLOSE, CONTENT, DOT, Sink

LARGE = b"x" * 998 + b"\r\n"


def test_mail_waits_for_a_hop_that_is_down_and_is_delivered_once_when_it_is_back(
    hop: Sink, queue: Queue, store: Store, background: Background
) -> None:
    store.settings = store.settings.model_copy(
        update={"probe_seconds": 0.01, "outage_seconds": 0.05}
    )
    queued = queue(at=clock.now() - timedelta(days=6))
    background.run(hop.stop())
    drain_until(store, queued, "lane_down")
    assert (now(store, queued).state, now(store, queued).attempts) == (State.QUEUED, 0)
    background.run(hop.start())
    drain_until(store, queued, "lane_up")
    assert len(hop.mails) == 1
    assert lane_of(store, queued).down_since is None
    assert events_of(store) == ["lane_down", "delivered", "lane_up"]


def drain_until(store: Store, queued: Delivery, event: str) -> None:
    end = time.monotonic() + 5
    while event not in events_of(store):
        assert time.monotonic() < end
        drain(store, queued.lane_id)
        time.sleep(0.01)


def test_a_hop_that_is_silent_is_left_alone_for_a_while(
    hop: Sink, queue: Queue, store: Store, background: Background
) -> None:
    queued = queue()
    background.run(hop.stop())
    drain(store, queued.lane_id)
    background.run(hop.start())
    drain(store, queued.lane_id)
    assert hop.connections == 0


@pytest.mark.parametrize("greeting", ["421 4.3.2 later", "554 5.3.2 nobody", CLOSE])
def test_a_hop_that_turns_everybody_away_is_down(
    hop: Sink, queue: Queue, store: Store, greeting: str | None
) -> None:
    hop.replies["connect"] = greeting
    queued = queue()
    drain(store, queued.lane_id)
    assert now(store, queued).state is State.QUEUED
    assert lane_of(store, queued).failing_since is not None


@pytest.mark.parametrize("stage", ["RCPT", CONTENT, DOT])
def test_what_broken_connections_left_untried_is_put_back(
    hop: Sink, queue: Queue, store: Store, stage: str
) -> None:
    hop.replies[stage] = CLOSE
    queued = [queue() for _ in range(30)]
    drain(store, queued[0].lane_id)
    tries = [now(store, each).attempts for each in queued]
    assert tries[0] == 1
    assert tries[-1] == 0
    assert {now(store, each).state for each in queued} == {State.QUEUED}
    assert lane_of(store, queued[0]).lease_until is None
    hop.replies.clear()
    drain(store, queued[0].lane_id)
    assert now(store, queued[-1]).state is State.DELIVERED


def test_a_mail_whose_connection_broke_is_tried_again_soon(
    hop: Sink, queue: Queue, store: Store
) -> None:
    hop.replies[DOT] = CLOSE
    queued = queue()
    drain(store, queued.lane_id)
    again = now(store, queued).next_attempt_at
    assert again is not None
    assert again - clock.now() <= timedelta(seconds=5)


def test_a_hop_that_hangs_up_within_a_large_mail_loses_and_repeats_no_other(
    hop: Sink, queue: Queue, store: Store
) -> None:
    small, large = queue(), queue(BEAT, LARGE * 20_000)
    hop.hang_up_on = BEAT
    drain(store, small.lane_id)
    assert now(store, small).state is State.DELIVERED
    assert (now(store, large).state, lane_of(store, large).lease_until) == (State.QUEUED, None)


@pytest.mark.parametrize("missing", [False, True], ids=["damaged", "missing"])
def test_content_that_cannot_be_read_is_not_delivered_and_not_lost(
    hop: Sink, queue: Queue, store: Store, missing: bool
) -> None:
    queued = queue()
    damage(store, queued, missing=missing)
    drain(store, queued.lane_id)
    assert hop.mails == []
    assert now(store, queued).state is State.QUEUED
    assert "cannot be read" in now(store, queued).reply


def test_a_disk_that_cannot_be_read_is_not_blamed_on_the_hop(
    hop: Sink, queue: Queue, store: Store
) -> None:
    queued = queue()
    path = damage(store, queued, missing=True)
    path.mkdir()
    drain(store, queued.lane_id)
    assert "cannot be read" in now(store, queued).reply


def test_mail_behind_a_damaged_one_is_delivered(hop: Sink, queue: Queue, store: Store) -> None:
    damaged, sound = queue(), queue(BEAT)
    damage(store, damaged, missing=False)
    for _ in range(2):
        drain(store, damaged.lane_id)
    assert now(store, sound).state is State.DELIVERED


def test_two_workers_deliver_each_mail_once(hop: Sink, queue: Queue, store: Store) -> None:
    queued = [queue() for _ in range(30)]
    workers = [threading.Thread(target=drain, args=(store, queued[0].lane_id)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(hop.mails) == 30


def test_an_outcome_counts_only_for_who_still_has_the_delivery(queue: Queue, store: Store) -> None:
    taken = claimed(store, queue())
    with store.write() as db:
        db.execute(update(Delivery).values(fence=Delivery.fence + 1))

    async def run() -> None:
        notes = Ledger(store, lane_of(store, taken))
        notes.note(taken, Outcome(Result.SENT, "250 ok"))
        notes.flush()

    asyncio.run(run())
    assert now(store, taken).state is State.QUEUED


def test_a_hop_that_thinks_for_longer_than_a_lease_gets_a_mail_once(
    hop: Sink, queue: Queue, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "LEASE", timedelta(seconds=0.2))
    store.settings = store.settings.model_copy(update={"retry_seconds": 0.2})
    hop.pause = 0.6
    lane_id = queue().lane_id
    first = threading.Thread(target=drain, args=(store, lane_id))
    first.start()
    time.sleep(0.4)
    drain(store, lane_id)
    first.join()
    assert len(hop.mails) == 1


def test_a_lease_counts_from_before_the_claim(
    hop: Sink, queue: Queue, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is frozen right after its claim finds that the lease is over."""
    lane_id = queue().lane_id
    monkeypatch.setattr(ledger, "LEASE", timedelta(seconds=0.3))
    turn = Ledger.turn

    def frozen(notes: Ledger) -> Sequence[Delivery]:
        claimed = turn(notes)
        if claimed:
            monkeypatch.setattr(Ledger, "turn", turn)
            time.sleep(0.5)
            store.closing.set()
        return claimed

    monkeypatch.setattr(Ledger, "turn", frozen)
    drain(store, lane_id)
    assert hop.mails == []


def test_a_mail_that_we_stumble_over_does_not_stop_its_lane(
    hop: Sink, queue: Queue, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, *others = [queue() for _ in range(5)]

    def stumbles(of: Store, each: Delivery) -> Iterator[bytes]:
        if each.id == odd.id:
            raise ValueError("a bug")
        return content.wire_bytes(of, each)

    monkeypatch.setattr(crew, "wire_bytes", stumbles)
    drain_until_done(store, others)
    assert (now(store, odd).state, now(store, odd).attempts) == (State.QUEUED, 1)


def drain_until_done(store: Store, queued: Sequence[Delivery]) -> None:
    end = time.monotonic() + 5
    while any(now(store, each).state is not State.DELIVERED for each in queued):
        assert time.monotonic() < end
        drain(store, queued[0].lane_id)
