import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import uvloop
from sqlalchemy import select, update

from filter import wire
from filter.delivery import drain
from filter.nexthop import Manner
from filter.wire import HopDown, Wire
from mailstore import clock
from mailstore.deliveries import Outcome, Result, State
from mailstore.events import Event
from mailstore.lanes import Lane
from mailstore.routes import Route
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA, RAW
from tests.filter import hops
from tests.filter.authority import Authority, Shown
from tests.filter.conftest import MakeSink, Queue
from tests.filter.rows import lane_of, now
from tests.filter.sink import CLOSE, OFFERS, Sink, everything

BOB = "bob@there.example"
NAME = "mail.muster.example"
OFFERED = (*OFFERS, "STARTTLS")
PIN = f"tls=pin:{'0' * 64}"
EVIL = b"250-evil\r\n250 AUTH PLAIN\r\n"
Show = Callable[[Authority], Shown]

DOUBTFUL: dict[str, Show] = {
    "expired": lambda ca: ca.server(NAME, expires_at=clock.now() - timedelta(hours=1)),
    "another name": lambda ca: ca.server("mail.evil.example"),
    "a name above it": lambda ca: ca.server("muster.example"),
    "signed by nobody we know": lambda ca: ca.stranger(NAME),
}
SHOWN = pytest.mark.parametrize("shown", DOUBTFUL.values(), ids=DOUBTFUL)
WITHOUT_TLS: dict[str, dict[str, str | None]] = {
    "refused": {"STARTTLS": "454 4.7.0 not now"},
    "unknown": {"STARTTLS": "502 5.5.1 what"},
    "closed": {"STARTTLS": CLOSE},
    "no handshake": {},
}


@pytest.fixture(name="ca", scope="module")
def _ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def secure(a_sink: MakeSink) -> Callable[[Shown], Sink]:
    """Return what starts a sink that speaks TLS."""

    def start(shown: Shown) -> Sink:
        sink = a_sink(offers=OFFERED)
        sink.context = shown.context
        return sink

    return start


def send(sink: Sink, how: str, ca: Authority | None = None, recipient: str = ANNA) -> Outcome:
    async def run() -> Outcome:
        authorities = ca.file if ca else None
        async with hops.to(sink.port, f" {how}", host=NAME, authorities=authorities) as connection:
            return await connection.send(BOB, recipient, everything(RAW))

    return uvloop.run(run())


def nothing_was_sent(sink: Sink) -> bool:
    return not sink.mails and not any(line.startswith("MAIL") for line in sink.commands)


def test_a_server_that_proves_its_name_gets_mail_under_tls_only(
    secure: Callable[[Shown], Sink], ca: Authority
) -> None:
    sink = secure(ca.server(NAME))
    assert send(sink, "tls=must", ca).result is Result.SENT
    assert sink.plain == [f"EHLO {hops.OUR_NAME}", "STARTTLS"]
    assert [line.split(" ")[0] for line in sink.secret[:4]] == ["EHLO", "MAIL", "RCPT", "DATA"]


@SHOWN
def test_a_server_that_proves_nothing_gets_no_mail_where_tls_must_be(
    secure: Callable[[Shown], Sink], ca: Authority, shown: Show
) -> None:
    sink = secure(shown(ca))
    with pytest.raises(HopDown, match="no TLS: "):
        send(sink, "tls=must", ca)
    assert nothing_was_sent(sink)


def test_a_server_of_an_unknown_authority_gets_no_mail_where_tls_must_be(
    secure: Callable[[Shown], Sink], ca: Authority
) -> None:
    sink = secure(ca.server(NAME))
    with pytest.raises(HopDown, match="no TLS: "):
        send(sink, "tls=must")
    assert nothing_was_sent(sink)


@SHOWN
def test_a_server_that_proves_nothing_gets_mail_under_tls_where_it_may_be(
    secure: Callable[[Shown], Sink], ca: Authority, shown: Show
) -> None:
    sink = secure(shown(ca))
    assert send(sink, "tls=may", ca).result is Result.SENT
    assert sink.plain == [f"EHLO {hops.OUR_NAME}", "STARTTLS"]


@SHOWN
def test_a_pinned_key_needs_no_other_proof(
    secure: Callable[[Shown], Sink], ca: Authority, shown: Show
) -> None:
    known = shown(ca)
    sink = secure(known)
    assert send(sink, f"tls=pin:{known.pin}").result is Result.SENT
    assert sink.plain == [f"EHLO {hops.OUR_NAME}", "STARTTLS"]


def test_another_key_than_the_pinned_one_gets_no_mail_however_well_proven(
    secure: Callable[[Shown], Sink], ca: Authority
) -> None:
    sink = secure(ca.server(NAME))
    with pytest.raises(HopDown, match="another key"):
        send(sink, f"tls=pin:{ca.server(NAME).pin}", ca)
    assert nothing_was_sent(sink)


@pytest.mark.parametrize("how", ["tls=must", PIN])
def test_a_server_that_does_not_offer_tls_gets_no_mail_where_it_must_be(
    a_sink: MakeSink, ca: Authority, how: str
) -> None:
    sink = a_sink()
    with pytest.raises(HopDown, match="does not offer STARTTLS"):
        send(sink, how, ca)
    assert nothing_was_sent(sink)


@pytest.mark.parametrize("how", ["tls=must", PIN])
@pytest.mark.parametrize("replies", WITHOUT_TLS.values(), ids=WITHOUT_TLS)
def test_a_server_that_offers_tls_and_has_none_gets_no_mail_where_it_must_be(
    a_sink: MakeSink, ca: Authority, how: str, replies: dict[str, str | None]
) -> None:
    sink = a_sink(replies, OFFERED)
    with pytest.raises(HopDown):
        send(sink, how, ca)
    assert nothing_was_sent(sink)


@pytest.mark.parametrize("replies", WITHOUT_TLS.values(), ids=WITHOUT_TLS)
def test_a_server_that_offers_tls_and_has_none_gets_mail_in_plain_where_it_may_be(
    a_sink: MakeSink, replies: dict[str, str | None]
) -> None:
    sink = a_sink(replies, OFFERED)
    assert send(sink, "tls=may").result is Result.SENT
    assert (sink.connections, len(sink.mails)) == (2, 1)


@pytest.mark.parametrize(("how", "delivered"), [("tls=may", 1), ("tls=must", 0)])
def test_a_handshake_that_does_not_end_is_given_up(
    a_sink: MakeSink, ca: Authority, monkeypatch: pytest.MonkeyPatch, how: str, delivered: int
) -> None:
    monkeypatch.setattr(wire, "COMMAND_SECONDS", 0.2)
    sink = a_sink({"STARTTLS": "220-go on\r\n220 really"}, OFFERED)
    sink.stays = True
    with contextlib.suppress(HopDown):
        send(sink, how, ca)
    assert len(sink.mails) == delivered


@pytest.mark.parametrize("between", [EVIL, b"250 2.0.0 ok\r\n", b"x"])
def test_what_is_said_in_plain_before_tls_ends_it(
    secure: Callable[[Shown], Sink], ca: Authority, between: bytes
) -> None:
    sink = secure(ca.server(NAME))
    sink.between = between
    with pytest.raises(HopDown, match=r"spoke between|no TLS"):
        send(sink, "tls=must", ca)
    assert nothing_was_sent(sink)
    assert send(sink, "tls=may", ca).result is Result.SENT
    assert sink.secret == []


def test_what_comes_in_plain_at_the_last_moment_is_no_reply_under_tls(
    secure: Callable[[Shown], Sink], ca: Authority
) -> None:
    sink = secure(ca.server(NAME))
    manner = Manner(hops.OUR_NAME, Route.parse(f"{NAME}:25 tls=must"), ca.file)

    async def run() -> None:
        connection = await Wire.to(hops.endpoint(sink.port, NAME))
        for line in (b"", b"EHLO x\r\n", b"STARTTLS\r\n"):
            connection.write(line)
            await connection.reply(1.0)
        loop, reader = asyncio.get_running_loop(), connection._reader
        loop.call_soon(loop.call_soon, reader.feed_data, EVIL)
        try:
            await connection.secure(manner.demand.context(manner.authorities), NAME)
        finally:
            connection.abort()

    with pytest.raises(HopDown, match="spoke between its reply and TLS"):
        asyncio.run(run())


def test_what_was_offered_in_plain_does_not_count_under_tls(
    secure: Callable[[Shown], Sink], ca: Authority
) -> None:
    sink = secure(ca.server(NAME))
    sink.turns["EHLO"] = ["250-sink\r\n250-SMTPUTF8\r\n250 STARTTLS", "250-sink\r\n250 HELP"]
    outcome = send(sink, "tls=must", ca, "bö@muster.example")
    assert (outcome.result, outcome.reply[:9]) == (Result.REFUSED, "553 5.6.7")


@pytest.mark.parametrize("content", [None, b"no certificate"], ids=["missing", "damaged"])
def test_authorities_that_cannot_be_read_prove_nobody(
    secure: Callable[[Shown], Sink], ca: Authority, tmp_path: Path, content: bytes | None
) -> None:
    sink, unread = secure(ca.server(NAME)), Authority(tmp_path)
    unread.file.unlink()
    if content is not None:
        unread.file.write_bytes(content)
    with pytest.raises(HopDown, match="TLS_AUTHORITIES cannot be read"):
        send(sink, "tls=must", unread)
    assert nothing_was_sent(sink)
    assert send(sink, "tls=may", unread).result is Result.SENT


def test_a_connection_whose_tls_takes_its_time_to_end_fails_nothing(
    secure: Callable[[Shown], Sink], ca: Authority
) -> None:
    sink = secure(ca.server(NAME))
    for number in range(20):
        sink.pauses["QUIT"] = number / 10_000
        assert send(sink, "tls=must", ca).result is Result.SENT
    assert len(sink.mails) == 20


@on_sqlite
@pytest.mark.parametrize("name", [hops.HERE, NAME], ids=["proven", "another name"])
def test_a_route_with_tls_delivers_to_whom_it_proves_and_keeps_mail_from_others(
    hop: Sink, queue: Queue, store: Store, ca: Authority, name: str
) -> None:
    hop.offers, hop.context = OFFERED, ca.server(name).context
    store.settings = store.settings.model_copy(update={"tls_authorities": ca.file})
    with store.write() as db:
        db.execute(update(Lane).values(route=Lane.route + " tls=must"))
    queued = queue()
    drain(store, queued.lane_id)
    proven = name == hops.HERE
    assert now(store, queued).state is (State.DELIVERED if proven else State.QUEUED)
    assert "no TLS" in lane_of(store, queued).last_error or proven
    assert len(hop.mails) == proven
    with store.read() as db:
        said = db.scalars(select(Event.detail).where(Event.kind == State.DELIVERED)).all()
    assert [line["tls"] for line in said] == ["TLSv1.3, certificate"] * proven
