import pytest
import uvloop
from sqlalchemy import update

from filter import nexthop
from filter.delivery import drain
from filter.nexthop import Manner, connect
from mailstore.deliveries import Delivery, Outcome, Result, State
from mailstore.lanes import Lane
from mailstore.routes import Route
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA, RAW
from tests.filter import hops
from tests.filter.again import drain_until_delivered
from tests.filter.background import Background
from tests.filter.conftest import MakeSink, Queue
from tests.filter.rows import lane_of, now
from tests.filter.sink import CLOSE, DOT, GREETING, SILENT, Sink, everything

pytestmark = on_sqlite

AWAY: dict[str, dict[str, str | None]] = {
    "421 at greeting": {GREETING: "421 4.3.2 later"},
    "554 at greeting": {GREETING: "554 5.3.2 nobody here"},
    "closed at greeting": {GREETING: CLOSE},
    "silent at greeting": {GREETING: SILENT},
    "no SMTP": {GREETING: "SSH-2.0-OpenSSH"},
    "5xx at EHLO": {"EHLO": "550 5.7.1 not you", "HELO": "550 5.7.1 not you"},
}


@pytest.fixture
def second(hop: Sink, a_sink: MakeSink, store: Store) -> Sink:
    """Return what takes the mail of the hop where that does not answer."""
    sink = a_sink()
    with store.write() as db:
        db.execute(update(Lane).values(route=Lane.route + f",127.0.0.1:{sink.port}"))
    return sink


def drained(store: Store, queued: Delivery) -> State:
    drain(store, queued.lane_id)
    return now(store, queued).state


def test_the_first_of_several_servers_gets_the_mail(
    hop: Sink, second: Sink, queue: Queue, store: Store
) -> None:
    assert drained(store, queue()) is State.DELIVERED
    assert (len(hop.mails), second.connections) == (1, 0)


@pytest.mark.parametrize("replies", AWAY.values(), ids=AWAY)
def test_the_second_gets_the_mail_where_the_first_turns_everybody_away(
    hop: Sink,
    second: Sink,
    queue: Queue,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    replies: dict[str, str | None],
) -> None:
    monkeypatch.setattr(nexthop, "GREETING_SECONDS", 1.0)
    hop.replies = replies
    queued = queue()
    assert drained(store, queued) is State.DELIVERED
    assert (len(hop.mails), len(second.mails)) == (0, 1)
    assert lane_of(store, queued).failing_since is None


def test_the_second_gets_the_mail_while_nobody_listens_at_the_first_and_then_no_more(
    hop: Sink,
    second: Sink,
    queue: Queue,
    store: Store,
    background: Background,
) -> None:
    background.run(hop.stop())
    assert drained(store, queue()) is State.DELIVERED
    background.run(hop.start())
    assert drained(store, queue()) is State.DELIVERED
    assert (len(hop.mails), len(second.mails)) == (1, 1)


def test_a_server_that_refuses_a_mail_is_believed_and_no_other_is_asked(
    hop: Sink, second: Sink, queue: Queue, store: Store
) -> None:
    hop.replies[DOT] = "550 5.7.1 never"
    assert drained(store, queue()) is State.FAILED
    assert second.connections == 0


def test_a_server_that_breaks_off_is_followed_by_the_next_if_it_is_gone(
    hop: Sink, second: Sink, queue: Queue, store: Store
) -> None:
    hop.turns, hop.most = {"MAIL": [CLOSE]}, 1
    hop.turns[GREETING] = ["220 sink", *[CLOSE] * 9]
    queued = [queue() for _ in range(3)]
    drain_until_delivered(store, *queued)
    assert (len(hop.mails), len(second.mails)) == (0, 3)


def test_several_servers_that_are_all_down_are_each_named(
    hop: Sink, second: Sink, queue: Queue, store: Store
) -> None:
    hop.replies[GREETING], second.replies[GREETING] = "421 4.3.2 later", "554 5.3.2 nobody"
    queued = queue()
    assert drained(store, queued) is State.QUEUED
    assert lane_of(store, queued).last_error == (
        f"127.0.0.1:{hop.port}: 421 4.3.2 later; 127.0.0.1:{second.port}: 554 5.3.2 nobody"
    )


def test_a_connection_that_was_made_is_not_made_again_to_use_it(hop: Sink) -> None:
    manner = Manner(hops.OUR_NAME, Route.parse(f"{hops.HERE}:{hop.port}"))

    async def run() -> Outcome:
        async with await connect([hops.endpoint(hop.port)], manner) as connection:
            return await connection.send("", ANNA, everything(RAW))

    assert uvloop.run(run()).result is Result.SENT
    assert (hop.connections, len(hop.mails)) == (1, 1)
