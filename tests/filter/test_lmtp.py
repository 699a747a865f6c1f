import pytest
import uvloop
from sqlalchemy import update

from filter.delivery import drain
from filter.wire import HopDown
from mailstore.deliveries import Outcome, Result, State
from mailstore.lanes import Lane
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA, BEAT, RAW
from tests.filter import hops
from tests.filter.conftest import CHRIS, MakeSink, Queue
from tests.filter.rows import events_of, lane_of, now
from tests.filter.sink import DOT, Sink, everything, unstuffed

BOB = "bob@there.example"
TOGETHER, ONE_BY_ONE = ("PIPELINING", "8BITMIME"), ("8BITMIME",)
OFFERS = pytest.mark.parametrize("offers", [TOGETHER, ONE_BY_ONE], ids=["together", "one by one"])


@pytest.fixture(name="hop")
def _hop(hop: Sink, store: Store) -> Sink:
    with store.write() as db:
        db.execute(update(Lane).values(route="lmtp:" + Lane.route))
    return hop


def send(sink: Sink, *recipients: str) -> list[Outcome]:
    async def run() -> list[Outcome]:
        async with hops.to(sink.port, "lmtp:") as connection:
            return [await connection.send(BOB, each, everything(RAW)) for each in recipients]

    return uvloop.run(run())


def verbs(sink: Sink) -> list[str]:
    return [line.split(" ")[0] for line in sink.commands if line != "QUIT"]


@OFFERS
def test_mails_are_handed_on_by_lmtp(a_sink: MakeSink, offers: tuple[str, ...]) -> None:
    sink = a_sink(offers=offers)
    assert send(sink, ANNA, BEAT) == [Outcome(Result.SENT, "250 2.0.0 kept")] * 2
    assert sink.commands[0] == f"LHLO {hops.OUR_NAME}"
    assert verbs(sink) == ["LHLO", *(["MAIL", "RCPT", "DATA"] * 2)]
    assert [unstuffed(wire) for wire in sink.mails] == [RAW, RAW]


@OFFERS
def test_each_recipient_has_a_reply_of_its_own(a_sink: MakeSink, offers: tuple[str, ...]) -> None:
    sink = a_sink({f"{DOT} RCPT TO:<{BEAT}>": "452 4.2.2 full"}, offers)
    replies = [outcome.reply for outcome in send(sink, ANNA, BEAT, CHRIS)]
    assert replies == ["250 2.0.0 kept", "452 4.2.2 full", "250 2.0.0 kept"]


@OFFERS
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", DOT])
@pytest.mark.parametrize(
    ("reply", "result"),
    [("451 4.3.0 later", Result.TRY_LATER), ("550 5.1.1 never", Result.REFUSED)],
    ids=["4xx", "5xx"],
)
def test_a_refusal_by_lmtp_is_one_mails_and_the_next_goes_on(
    a_sink: MakeSink, offers: tuple[str, ...], stage: str, reply: str, result: Result
) -> None:
    sink = a_sink(offers=offers)
    sink.turns[stage] = [reply]
    assert send(sink, ANNA, BEAT) == [
        Outcome(result, reply),
        Outcome(Result.SENT, "250 2.0.0 kept"),
    ]
    assert unstuffed(sink.mails[-1]) == RAW
    assert sink.connections == 1


def test_no_reply_is_awaited_for_a_mail_that_no_recipient_takes(a_sink: MakeSink) -> None:
    sink = a_sink({f"RCPT TO:<{ANNA}>": "550 5.1.1 never"}, TOGETHER)
    refused, sent = send(sink, ANNA, BEAT)
    assert (refused.reply, sent.result) == ("550 5.1.1 never", Result.SENT)
    assert sink.mails[0] == b".\r\n"
    assert verbs(sink) == ["LHLO", "MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA"]


def test_a_server_that_does_not_speak_lmtp_is_a_hop_that_is_down(a_sink: MakeSink) -> None:
    sink = a_sink({"LHLO": "500 5.5.1 what"})
    with pytest.raises(HopDown, match=r"500 5\.5\.1 what"):
        send(sink, ANNA)
    assert verbs(sink) == ["LHLO"]


@on_sqlite
def test_a_route_by_lmtp_delivers_and_refuses_by_recipient(
    hop: Sink, queue: Queue, store: Store
) -> None:
    hop.replies |= {
        f"RCPT TO:<{ANNA}>": "550 5.1.1 no",
        f"{DOT} RCPT TO:<{BEAT}>": "452 4.2.2 full",
    }
    queued = [queue(address) for address in (ANNA, BEAT, CHRIS)]
    drain(store, queued[0].lane_id)
    states = [now(store, each).state for each in queued]
    assert states == [State.FAILED, State.QUEUED, State.DELIVERED]
    assert sorted(events_of(store)) == ["deferred", "delivered", "failed"]
    assert hop.commands[0] == "LHLO mx.mailhafen.test"


@on_sqlite
def test_mail_waits_for_a_server_by_lmtp_that_is_down(
    hop: Sink, queue: Queue, store: Store
) -> None:
    hop.replies["LHLO"] = "451 4.3.2 later"
    queued = queue()
    drain(store, queued.lane_id)
    assert now(store, queued).state is State.QUEUED
    assert lane_of(store, queued).failing_since is not None
