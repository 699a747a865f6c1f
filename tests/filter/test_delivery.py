import asyncio
import re
from datetime import timedelta

import pytest

from filter import headers, ledger
from filter.crew import MOST_CONNECTIONS
from filter.delivery import drain
from filter.ledger import Ledger
from filter.spool import Canonical
from mailstore import clock, lanes
from mailstore.deliveries import Outcome, Result, State
from mailstore.envelopes import MailClass, Summary
from mailstore.retries import Retries
from mailstore.store import Store
from tests.factories import ANNA, BEAT, BOB, RAW
from tests.filter.conftest import CHRIS, Queue
from tests.filter.rows import claimed, events_of, lane_of, now
from tests.filter.sink import DOT, Sink, unstuffed
from tests.filter.talk import TERMINATORS

OURS = b"Received: by mx.mailhafen.test\r\nX-Mailhafen-Class: "


def test_a_queued_mail_is_delivered_once(hop: Sink, queue: Queue, store: Store) -> None:
    queued = queue()
    for _ in range(2):
        drain(store, queued.lane_id)
    done = now(store, queued)
    assert (done.state, done.reply, done.attempts) == (State.DELIVERED, "250 2.0.0 kept", 1)
    assert len(hop.mails) == 1
    assert hop.commands[1:3] == [f"MAIL FROM:<{BOB}> BODY=8BITMIME", f"RCPT TO:<{ANNA}>"]
    assert events_of(store) == ["delivered"]


def test_many_mails_go_over_few_connections_the_oldest_first(
    hop: Sink, queue: Queue, store: Store
) -> None:
    count = 3 * ledger.TOGETHER
    queued = [queue(raw=b"Subject: %03d\r\n\r\nx\r\n" % number) for number in range(count)]
    drain(store, queued[0].lane_id)
    numbers = [int(found) for wire in hop.mails for found in re.findall(rb"Subject: (\d+)", wire)]
    assert sorted(numbers) == list(range(count))
    assert hop.connections <= MOST_CONNECTIONS
    assert all(abs(place - number) <= hop.connections for place, number in enumerate(numbers))


def test_what_arrives_is_our_lines_and_the_stored_bytes_without_the_cuts(
    hop: Sink, queue: Queue, store: Store
) -> None:
    forged = b"Authentication-Results: mx.mailhafen.test; spf=pass\r\n"
    raw = forged + RAW[:40] + RAW[40:].replace(b"\r\n\r\n", b"\r\nX-Mailhafen-Id: 1\r\n\r\n", 1)
    summary = Summary(cuts=headers.cuts(raw, "mx.mailhafen.test"))
    queued = queue(raw=raw + b".dot\r\n..\r\n\xff\0\r\n", summary=summary)
    drain(store, queued.lane_id)
    (wire,) = hop.mails
    identity = f"X-Mailhafen-Id: {queued.message.public_id}\r\n".encode()
    ours = OURS + b"clean\r\nX-Mailhafen-Score: 0.0\r\n" + identity
    assert unstuffed(wire) == ours + RAW + b".dot\r\n..\r\n\xff\0\r\n"


def test_a_newsletter_arrives_with_its_tag_and_its_copy_stays_untouched(
    hop: Sink, queue: Queue, store: Store
) -> None:
    queued = queue(mail_class=MailClass.NEWSLETTER)
    drain(store, queued.lane_id)
    (wire,) = hop.mails
    assert wire.startswith(OURS + b"newsletter\r\n")
    assert unstuffed(wire).endswith(RAW.replace(b"Subject: ", b"Subject: [PUB] "))
    assert b"".join(store.content(queued.message)) == RAW


@pytest.mark.parametrize("end", TERMINATORS.values(), ids=TERMINATORS)
def test_no_server_sees_two_mails_in_one(hop: Sink, queue: Queue, store: Store, end: bytes) -> None:
    filtered = Canonical()
    data = b"\r\nSubject: one\r\n\r\nx" + end + b"MAIL FROM:<eve@evil.example>\r\n"
    queued = queue(raw=filtered.feed(data) + filtered.end())
    drain(store, queued.lane_id)
    (wire,) = hop.mails
    (lenient,) = re.finditer(rb"(?:\r\n|\r|\n)\.(?:\r\n|\r|\n)", wire)
    assert lenient.end() == len(wire)
    assert wire.count(b"\r") == wire.count(b"\n") == wire.count(b"\r\n")


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", DOT])
def test_a_refused_mail_has_failed(hop: Sink, queue: Queue, store: Store, stage: str) -> None:
    hop.replies[stage] = "550 5.7.1 never"
    queued = queue()
    drain(store, queued.lane_id)
    done = now(store, queued)
    assert (done.state, done.reply, done.next_attempt_at) == (State.FAILED, "550 5.7.1 never", None)
    assert events_of(store) == ["failed"]
    assert lane_of(store, queued).down_since is None


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", DOT])
def test_a_deferred_mail_waits(hop: Sink, queue: Queue, store: Store, stage: str) -> None:
    hop.replies[stage] = "451 4.3.0 later"
    queued = queue()
    drain(store, queued.lane_id)
    hop.replies.clear()
    drain(store, queued.lane_id)
    waiting = now(store, queued)
    assert (waiting.state, waiting.reply, waiting.attempts) == (State.QUEUED, "451 4.3.0 later", 1)
    assert waiting.next_attempt_at is not None
    assert timedelta(seconds=280) < waiting.next_attempt_at - clock.now() <= timedelta(seconds=300)


def test_one_recipients_refusal_is_not_the_others(hop: Sink, queue: Queue, store: Store) -> None:
    hop.replies |= {f"RCPT TO:<{ANNA}>": "550 5.1.1 no", f"RCPT TO:<{BEAT}>": "450 4.2.2 full"}
    queued = [queue(address) for address in (ANNA, BEAT, CHRIS)]
    drain(store, queued[0].lane_id)
    states = [now(store, each).state for each in queued]
    assert states == [State.FAILED, State.QUEUED, State.DELIVERED]


def test_mail_that_is_deferred_for_too_long_has_failed(
    hop: Sink, queue: Queue, store: Store
) -> None:
    hop.replies["RCPT"] = "450 4.2.2 full"
    queued = queue(at=clock.now() - timedelta(days=6))
    drain(store, queued.lane_id)
    assert now(store, queued).state is State.FAILED


def test_held_mail_is_not_delivered(hop: Sink, queue: Queue, store: Store) -> None:
    queued = queue(held=True)
    drain(store, queued.lane_id)
    assert hop.mails == []


def test_a_lane_that_another_worker_has_is_left_alone(
    hop: Sink, queue: Queue, store: Store
) -> None:
    queued = queue()
    with store.write() as db:
        assert lanes.claim(db, queued.lane_id, lease=timedelta(minutes=1))
    drain(store, queued.lane_id)
    assert hop.connections == 0


def test_a_worker_that_stops_begins_no_more(hop: Sink, queue: Queue, store: Store) -> None:
    queued = queue()
    store.closing.set()
    drain(store, queued.lane_id)
    assert (hop.mails, now(store, queued).attempts) == ([], 0)
    assert lane_of(store, queued).lease_until is None


def test_an_outcome_is_committed_in_a_moment_though_the_batch_goes_on(
    queue: Queue, store: Store
) -> None:
    taken = claimed(store, queue())

    async def run() -> None:
        Ledger(store, lane_of(store, taken)).note(taken, Outcome(Result.SENT, "250 ok"))
        await asyncio.sleep(ledger.LATEST * 3)

    asyncio.run(run())
    assert now(store, taken).state is State.DELIVERED


def test_the_wait_doubles_up_to_4000_seconds(store: Store) -> None:
    waits = [
        Retries.of(store.settings).wait(attempts).total_seconds() for attempts in (1, 2, 4, 5, 99)
    ]
    assert waits == [300, 600, 2400, 4000, 4000]
