import pytest
from sqlalchemy import update

from filter.delivery import drain
from mailstore.deliveries import Delivery, State
from mailstore.messages import Message
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA, BEAT, BOB, RAW
from tests.filter.conftest import Queue
from tests.filter.rows import events_of, lane_of, now
from tests.filter.sink import Sink, unstuffed

pytestmark = on_sqlite

UMLAUT = "bö@muster.example"
EIGHT_BIT = RAW + "Grüsse\r\n".encode()
CONTROLS = {
    "CRLF": "anna@muster.example>\r\nRCPT TO:<eve@evil.example",
    "LF": "anna\n@muster.example",
    "CR": "anna\r@muster.example",
    "line separator": "anna\u2028@muster.example",
    "bracket": "anna>@muster.example",
}


def rename(store: Store, side: str, address: str) -> None:
    """Write another address into the rows, past whatever reads addresses at the edge."""
    with store.write() as db:
        if side == "sender":
            db.execute(update(Message).values(sender=address))
        else:
            db.execute(update(Delivery).values(recipient=address))


def drain_twice(store: Store, queued: Delivery) -> Delivery:
    for _ in range(2):
        drain(store, queued.lane_id)
    return now(store, queued)


def said_of_mail(hop: Sink) -> list[str]:
    said = [line.split(" ")[0] for line in hop.commands]
    return [verb for verb in said if verb not in ("EHLO", "QUIT")]


@pytest.mark.parametrize("side", ["sender", "recipient"])
def test_an_address_that_the_hop_cannot_read_fails_the_mail_at_once(
    hop: Sink, queue: Queue, store: Store, side: str
) -> None:
    hop.offers = ("PIPELINING", "8BITMIME")
    queued = queue()
    rename(store, side, UMLAUT)
    failed = drain_twice(store, queued)
    assert (failed.state, failed.attempts, failed.reply[:10]) == (State.FAILED, 1, "553 5.6.7 ")
    assert said_of_mail(hop) == []
    assert events_of(store) == ["failed"]
    assert lane_of(store, queued).failing_since is None


@pytest.mark.parametrize("side", ["sender", "recipient"])
def test_an_address_with_umlauts_goes_to_a_hop_that_reads_it(
    hop: Sink, queue: Queue, store: Store, side: str
) -> None:
    queued = queue()
    rename(store, side, UMLAUT)
    assert drain_twice(store, queued).state is State.DELIVERED
    assert hop.commands[1].endswith(" SMTPUTF8")
    assert UMLAUT in hop.commands[1 if side == "sender" else 2]


def test_content_that_the_hop_cannot_take_fails_the_mail_at_once_and_no_other(
    hop: Sink, queue: Queue, store: Store
) -> None:
    hop.offers = ("PIPELINING", "SMTPUTF8")
    queued, plain = queue(raw=EIGHT_BIT), queue(BEAT)
    failed = drain_twice(store, queued)
    assert (failed.state, failed.attempts, failed.reply[:10]) == (State.FAILED, 1, "554 5.6.3 ")
    assert now(store, plain).state is State.DELIVERED
    assert said_of_mail(hop) == ["MAIL", "RCPT", "DATA"]


def test_content_in_ascii_goes_to_a_hop_that_takes_no_more(
    hop: Sink, queue: Queue, store: Store
) -> None:
    hop.offers = ()
    queued = queue()
    assert drain_twice(store, queued).state is State.DELIVERED
    assert hop.commands[1:3] == [f"MAIL FROM:<{BOB}>", f"RCPT TO:<{ANNA}>"]
    assert unstuffed(hop.mails[0]).endswith(RAW)


def test_content_in_eight_bits_goes_as_it_is_to_a_hop_that_takes_it(
    hop: Sink, queue: Queue, store: Store
) -> None:
    queued = queue(raw=EIGHT_BIT)
    assert drain_twice(store, queued).state is State.DELIVERED
    assert unstuffed(hop.mails[0]).endswith(EIGHT_BIT)


@pytest.mark.parametrize("side", ["sender", "recipient"])
@pytest.mark.parametrize("address", CONTROLS.values(), ids=CONTROLS)
def test_an_address_in_a_row_that_would_end_the_command_fails_the_mail_unsaid(
    hop: Sink, queue: Queue, store: Store, side: str, address: str
) -> None:
    queued = queue()
    rename(store, side, address)
    failed = drain_twice(store, queued)
    assert (failed.state, failed.attempts, failed.reply[:10]) == (State.FAILED, 1, "553 5.1.3 ")
    assert failed.reply.isprintable()
    assert said_of_mail(hop) == []
