import pytest
from structlog.testing import capture_logs

from filter import nexthop
from filter.delivery import drain
from mailstore.deliveries import State
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import BEAT
from tests.filter.again import drain_until_delivered
from tests.filter.conftest import Queue
from tests.filter.rows import events_of, lane_of, now
from tests.filter.sink import CLOSE, CONTENT, DOT, GREETING, Sink

pytestmark = on_sqlite

EMPTY = b".\r\n"
VERBS = ["MAIL", "RCPT", "DATA", DOT]
STAGES = pytest.mark.parametrize("stage", VERBS)
OFFERS = pytest.mark.parametrize(
    "offers", [("PIPELINING", "8BITMIME"), ("8BITMIME",)], ids=["together", "one by one"]
)
TOO_LONG = {
    "long line": "250 " + "x" * 10_000,
    "long lines": "\r\n".join(f"250{end}{'x' * 10_000}" for end in "--- "),
    "endless": "\r\n".join(["250-more"] * 500),
}


def whole(hop: Sink) -> list[bytes]:
    """Return the mails that arrived, without what ended empty because nobody took it."""
    return [wire for wire in hop.mails if wire != EMPTY]


@STAGES
@pytest.mark.parametrize("reply", ["450 4.2.1 busy", "451 4.7.1 greylisted", "452 4.2.2 full"])
def test_mail_that_is_put_off_once_is_delivered_once(
    hop: Sink, queue: Queue, store: Store, stage: str, reply: str
) -> None:
    hop.turns[stage] = [reply]
    queued = queue()
    drain(store, queued.lane_id)
    waiting = now(store, queued)
    assert (waiting.state, waiting.reply) == (State.QUEUED, reply)
    drain_until_delivered(store, queued)
    assert (now(store, queued).attempts, events_of(store)) == (2, ["deferred", "delivered"])
    assert len(whole(hop)) == 1 + (stage == DOT)


@STAGES
@pytest.mark.parametrize("reply", ["550 5.1.1 who", "552 5.3.4 too large", "554 5.7.1 no"])
def test_mail_that_is_refused_once_has_failed_and_is_not_tried_again(
    hop: Sink, queue: Queue, store: Store, stage: str, reply: str
) -> None:
    hop.turns[stage] = [reply]
    queued = queue()
    for _ in range(2):
        drain(store, queued.lane_id)
    failed = now(store, queued)
    assert (failed.state, failed.reply, failed.attempts) == (State.FAILED, reply, 1)
    assert len(whole(hop)) == (stage == DOT)


@pytest.mark.parametrize(
    "turns",
    [
        {GREETING: ["421 4.3.2 later"]},
        {GREETING: ["450 4.3.2 later"]},
        {GREETING: ["554 5.3.2 nobody here"]},
        {GREETING: [CLOSE]},
        {"EHLO": ["421 4.3.2 later"]},
        {"EHLO": ["451 4.3.0 later"], "HELO": ["451 4.3.0 later"]},
        {"EHLO": ["502 5.5.1 what"], "HELO": ["550 5.7.1 not you"]},
        {"EHLO": [CLOSE]},
    ],
    ids=[
        "421 at connect",
        "4xx at connect",
        "5xx at connect",
        "closed at connect",
        "421 at EHLO",
        "4xx at EHLO",
        "5xx at EHLO",
        "closed at EHLO",
    ],
)
def test_a_hop_that_turns_everybody_away_gets_the_mail_untouched_later(
    hop: Sink, queue: Queue, store: Store, turns: dict[str, list[str | None]]
) -> None:
    hop.turns = turns
    queued = queue()
    drain(store, queued.lane_id)
    assert (now(store, queued).state, now(store, queued).attempts) == (State.QUEUED, 0)
    assert lane_of(store, queued).failing_since is not None
    drain_until_delivered(store, queued)
    assert len(hop.mails) == 1
    assert lane_of(store, queued).failing_since is None


@OFFERS
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", CONTENT])
def test_a_hop_that_hangs_up_before_the_dot_gets_the_mail_once(
    hop: Sink, queue: Queue, store: Store, stage: str, offers: tuple[str, ...]
) -> None:
    hop.offers, hop.turns[stage] = offers, [CLOSE]
    queued = queue()
    drain_until_delivered(store, queued)
    assert len(hop.mails) == 1


def test_a_hop_that_hangs_up_after_the_dot_gets_one_more_copy_with_the_same_names(
    hop: Sink, queue: Queue, store: Store
) -> None:
    hop.turns[DOT] = [CLOSE]
    queued = queue()
    with capture_logs() as lines:
        drain_until_delivered(store, queued)
    first, second = hop.mails
    assert first == second
    names = [
        b"Message-ID: <1@there.example>",
        f"X-Mailhafen-Id: {queued.message.public_id}".encode(),
    ]
    assert all(b"\r\n%s\r\n" % name in b"\r\n" + first for name in names)
    ambiguous = [line for line in lines if line["event"] == "delivery_ambiguous"]
    assert [line["delivery"] for line in ambiguous] == [queued.id]


@pytest.mark.parametrize("stage", [DOT, "QUIT"])
def test_a_hop_that_answers_and_hangs_up_gets_each_mail_once(
    hop: Sink, queue: Queue, store: Store, stage: str
) -> None:
    hop.last = stage
    queued = [queue() for _ in range(5)]
    drain_until_delivered(store, *queued)
    assert len(hop.mails) == 5


@OFFERS
def test_a_hop_that_closes_with_421_after_some_mails_gets_the_rest_later(
    hop: Sink, queue: Queue, store: Store, offers: tuple[str, ...]
) -> None:
    hop.offers, hop.most = offers, 1
    hop.turns["MAIL"] = [*["250 2.1.0 ok"] * 3, "421 4.7.0 enough for now"]
    queued = [queue() for _ in range(10)]
    drain(store, queued[0].lane_id)
    states = [now(store, each).state for each in queued]
    assert states == [State.DELIVERED] * 3 + [State.QUEUED] * 7
    assert [now(store, each).attempts for each in queued] == [1] * 4 + [0] * 6
    drain_until_delivered(store, *queued)
    assert len(hop.mails) == 10


@pytest.mark.parametrize("reply", TOO_LONG.values(), ids=TOO_LONG)
@pytest.mark.parametrize("stage", [GREETING, "EHLO", *VERBS])
def test_a_hop_whose_reply_is_too_long_gets_the_mail_once(
    hop: Sink, queue: Queue, store: Store, stage: str, reply: str
) -> None:
    hop.turns[stage] = [reply]
    queued = queue()
    drain_until_delivered(store, queued)
    assert len(hop.mails) == 1


def test_a_hop_that_is_slow_within_its_limits_gets_the_mail_at_once(
    hop: Sink, queue: Queue, store: Store
) -> None:
    hop.pauses = dict.fromkeys([GREETING, "EHLO", *VERBS], 0.1)
    queued = queue()
    drain(store, queued.lane_id)
    assert (now(store, queued).state, now(store, queued).attempts) == (State.DELIVERED, 1)


def test_a_hop_that_takes_too_long_for_a_mail_in_all_is_given_up(
    hop: Sink, queue: Queue, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nexthop, "TRANSACTION_SECONDS", 0.3)
    hop.pauses = dict.fromkeys(VERBS, 0.2)
    slow, quick = queue(), queue(BEAT)
    drain(store, slow.lane_id)
    assert now(store, slow).state is State.QUEUED
    assert "longer than half an hour" in now(store, slow).reply
    hop.pauses.clear()
    drain_until_delivered(store, slow, quick)
    assert len(hop.mails) == 2
