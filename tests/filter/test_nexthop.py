import asyncio
import re
import socket
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter import nexthop, wire
from filter.spool import Canonical
from filter.wire import DotStuffer, HopDown
from mailstore.deliveries import Outcome, Result
from mailstore.errors import Corrupt
from tests.factories import ANNA, RAW
from tests.filter import hops
from tests.filter.conftest import MakeSink
from tests.filter.sink import CLOSE, CONTENT, DOT, GREETING, SILENT, Sink, everything, unstuffed

BOB = "bob@there.example"
SENT, TRY_LATER, REFUSED = Result.SENT, Result.TRY_LATER, Result.REFUSED
ONE_BY_ONE = ("8BITMIME",)
LARGE = [b"x" * 998 + b"\r\n"] * 20_000


def send(sink: Sink, *, sender: str = BOB, recipient: str = ANNA, content: bytes = RAW) -> Outcome:
    async def run() -> Outcome:
        async with hops.to(sink.port) as connection:
            return await connection.send(sender, recipient, everything(content))

    return asyncio.run(run())


@given(
    lines=st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a.", b"a\0\xff"]), max_size=9),
    rest=st.sampled_from([b"", b".", b"a"]),
    cuts=st.lists(st.integers(0, 40), max_size=6),
)
def test_a_mail_survives_dot_stuffing_however_it_is_cut(
    lines: list[bytes], rest: bytes, cuts: list[int]
) -> None:
    mail = b"".join(line + b"\r\n" for line in lines) + rest
    stuffer, edges = DotStuffer(), sorted({0, *(min(cut, len(mail)) for cut in cuts), len(mail)})
    sent = b"".join(stuffer.feed(mail[start:end]) for start, end in pairwise(edges))
    sent += stuffer.end()
    assert (b"\r\n" + sent).index(b"\r\n.\r\n") == len(sent) - 3
    read = Canonical()
    whole = read.feed(b"\r\n" + sent[:-3]) + read.end()
    assert whole == (mail + b"\r\n" if rest else mail)


def test_a_mail_arrives_as_it_is(a_sink: MakeSink) -> None:
    sink = a_sink()
    mail = b"Subject: x\r\n\r\n.\r\n..a\r\nlast line\xff\0"
    assert send(sink, content=mail) == Outcome(SENT, "250 2.0.0 kept")
    (sent,) = sink.mails
    assert unstuffed(sent) == mail + b"\r\n"
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", sent)


@pytest.mark.parametrize("offers", [("PIPELINING",), ()], ids=["together", "one by one"])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", DOT])
@pytest.mark.parametrize(
    ("reply", "result"),
    [("451 4.3.0 later", TRY_LATER), ("550 5.1.1 never", REFUSED)],
    ids=["4xx", "5xx"],
)
def test_a_refusal_is_the_outcome_of_one_mail_and_the_next_goes_on(
    a_sink: MakeSink, offers: tuple[str, ...], stage: str, reply: str, result: Result
) -> None:
    sink = a_sink({stage: reply}, offers)

    async def run() -> tuple[Outcome, Outcome]:
        async with hops.to(sink.port) as connection:
            first = await connection.send(BOB, ANNA, everything(RAW))
            sink.replies.clear()
            return first, await connection.send(BOB, ANNA, everything(RAW))

    first, second = asyncio.run(run())
    assert (first, second.result) == (Outcome(result, reply), SENT)
    assert unstuffed(sink.mails[-1]) == RAW
    assert sink.connections == 1


def test_a_refused_recipients_mail_is_not_sent_though_data_was_let_in(a_sink: MakeSink) -> None:
    sink = a_sink({"RCPT": "550 5.1.1 never"})
    assert send(sink).result is REFUSED
    assert sink.mails == [b".\r\n"]
    assert [line for line in sink.commands if line != "QUIT"][-1] == "RSET"


def test_without_pipelining_nothing_follows_a_refusal(a_sink: MakeSink) -> None:
    sink = a_sink({"MAIL": "450 4.7.1 later"}, ONE_BY_ONE)
    assert send(sink).result is TRY_LATER
    verbs = [line.split(" ")[0] for line in sink.commands if line != "QUIT"]
    assert verbs == ["EHLO", "MAIL", "RSET"]


@pytest.mark.parametrize(
    "replies",
    [
        {GREETING: "421 4.3.2 closing"},
        {GREETING: "554 5.3.2 nobody here"},
        {GREETING: CLOSE},
        {"EHLO": "421 4.3.2 closing", "HELO": "421 4.3.2 closing"},
        {"EHLO": "502 5.5.1 what", "HELO": "550 5.7.1 not you"},
        {"EHLO": CLOSE},
        {"MAIL": CLOSE},
        {"RCPT": CLOSE},
        {"DATA": CLOSE},
        {CONTENT: CLOSE},
        {DOT: CLOSE},
        {GREETING: "hello"},
        {"RCPT": "2x0 what"},
        {"RCPT": "250 " + "x" * 5000},
        {"EHLO": "250-" + "x\r\n250-" * 500},
    ],
    ids=[
        "4xx at connect",
        "5xx at connect",
        "closed at connect",
        "4xx at EHLO and HELO",
        "5xx at EHLO and HELO",
        "closed at EHLO",
        "closed at MAIL",
        "closed at RCPT",
        "closed at DATA",
        "closed in the content",
        "closed after the dot",
        "not SMTP",
        "no code",
        "endless line",
        "endless reply",
    ],
)
@pytest.mark.parametrize("offers", [("PIPELINING",), ()], ids=["together", "one by one"])
def test_a_connection_that_breaks_or_makes_no_sense_is_a_hop_that_is_down(
    a_sink: MakeSink, offers: tuple[str, ...], replies: dict[str, str | None]
) -> None:
    with pytest.raises(HopDown):
        send(a_sink(replies, offers))


def test_a_connection_that_breaks_in_a_large_mail_is_a_hop_that_is_down(a_sink: MakeSink) -> None:
    with pytest.raises(HopDown):
        send(a_sink({CONTENT: CLOSE}), content=b"".join(LARGE))


def test_nobody_listening_is_a_hop_that_is_down() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        silent = Sink(port=unused.getsockname()[1])
        with pytest.raises(HopDown, match="no connection"):
            send(silent)


@pytest.mark.parametrize("stage", [GREETING, "EHLO", "RCPT", DOT])
def test_a_hop_that_says_nothing_is_given_up(
    a_sink: MakeSink, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    for phase in ("GREETING_SECONDS", "COMMAND_SECONDS", "END_SECONDS"):
        monkeypatch.setattr(nexthop, phase, 0.1)
    with pytest.raises(HopDown, match="TimeoutError"):
        send(a_sink({stage: SILENT}))


def test_a_hop_that_stops_reading_is_given_up(
    a_sink: MakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "BLOCK_SECONDS", 0.1)
    sink = a_sink({CONTENT: SILENT})

    async def run() -> None:
        async with asyncio.timeout(1.0), hops.to(sink.port) as connection:
            await connection.send(BOB, ANNA, everything(*LARGE))

    with pytest.raises(HopDown):
        asyncio.run(run())


@pytest.mark.parametrize("refusal", ["502 5.5.1 unknown", "500 what"])
def test_a_server_without_ehlo_is_greeted_with_helo(a_sink: MakeSink, refusal: str) -> None:
    sink = a_sink({"EHLO": refusal})
    assert send(sink).result is SENT
    assert sink.commands[:3] == [
        "EHLO mx.mailhafen.test",
        "HELO mx.mailhafen.test",
        f"MAIL FROM:<{BOB}>",
    ]


def test_a_reply_of_many_lines_is_kept_whole(a_sink: MakeSink) -> None:
    sink = a_sink({DOT: "554-5.7.1 no\r\n554-5.7.1 really\r\n554 5.7.1 not"})
    outcome = send(sink)
    assert outcome == Outcome(REFUSED, "554 5.7.1 no\n554 5.7.1 really\n554 5.7.1 not")


def test_a_reply_without_text_is_one(a_sink: MakeSink) -> None:
    assert send(a_sink({DOT: "250"})) == Outcome(SENT, "250")


@pytest.mark.parametrize(
    "replies",
    [{DOT: "354 go on"}, {"DATA": "250 2.0.0 ok"}, {"RCPT": "354 go on"}],
    ids=["go on after the dot", "no go on at DATA", "go on at RCPT"],
)
def test_a_reply_of_the_wrong_class_is_never_taken_for_a_yes(
    a_sink: MakeSink, replies: dict[str, str | None]
) -> None:
    try:
        outcome = send(a_sink(replies, ONE_BY_ONE))
    except HopDown:
        return
    assert outcome.result is not SENT


@pytest.mark.parametrize(
    "address",
    [
        "anna@muster.example>\r\nRCPT TO:<eve@evil.example",
        "anna\n@muster.example",
        "anna\r@muster.example",
        "anna\0@muster.example",
        "anna>@muster.example",
    ],
    ids=["CRLF", "LF", "CR", "NUL", "bracket"],
)
@pytest.mark.parametrize("side", ["sender", "recipient"])
def test_an_address_that_would_end_the_command_is_refused_before_anything_is_written(
    a_sink: MakeSink, side: str, address: str
) -> None:
    sink = a_sink()
    sender, recipient = (address, ANNA) if side == "sender" else (BOB, address)
    assert send(sink, sender=sender, recipient=recipient).result is REFUSED
    assert set(sink.commands) <= {"EHLO mx.mailhafen.test", "QUIT"}


def test_a_quoted_address_that_the_relay_takes_can_be_sent(a_sink: MakeSink) -> None:
    assert send(a_sink(), recipient='"anna keller"@muster.example').result is SENT


@pytest.mark.parametrize(
    ("offers", "sender", "command"),
    [
        (("8BITMIME", "SMTPUTF8"), BOB, f"MAIL FROM:<{BOB}> BODY=8BITMIME"),
        (("SMTPUTF8",), BOB, f"MAIL FROM:<{BOB}>"),
        (("smtputf8 x",), "bö@there.example", "MAIL FROM:<bö@there.example> SMTPUTF8"),
        ((), "", "MAIL FROM:<>"),
    ],
    ids=["8BITMIME", "nothing to say", "SMTPUTF8", "null sender"],
)
def test_extensions_are_used_where_they_are_offered_and_needed(
    a_sink: MakeSink, offers: tuple[str, ...], sender: str, command: str
) -> None:
    sink = a_sink({}, offers)
    send(sink, sender=sender)
    assert sink.commands[1] == command


def test_an_address_with_umlauts_is_refused_where_the_hop_cannot_read_it(a_sink: MakeSink) -> None:
    sink = a_sink({}, ())
    assert send(sink, recipient="bö@muster.example").result is REFUSED


def test_content_that_breaks_off_never_ends_as_if_it_were_whole(a_sink: MakeSink) -> None:
    sink = a_sink()

    def broken() -> Iterator[bytes]:
        yield RAW
        raise Corrupt("frame 1")

    async def run() -> None:
        async with hops.to(sink.port) as connection:
            await connection.send(BOB, ANNA, broken)

    with pytest.raises(Corrupt):
        asyncio.run(run())
    assert sink.mails == []
