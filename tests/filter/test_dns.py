import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import filter.dns
from filter.dns import MOST_QUESTIONS, Resolver
from mailstore.settings import Settings
from tests.filter.names import SILENT, FakeDNS

RECORDS = {
    ("A", "there.example"): ["192.0.2.7"],
    ("AAAA", "there.example"): ["2001:db8::7"],
    ("MX", "there.example"): ["10 mx.there.example."],
    ("PTR", "7.2.0.192.in-addr.arpa"): ["mail.there.example."],
    ("TXT", "there.example"): ['"v=spf1 " "-all"'],
}
Case = Callable[[FakeDNS, Resolver], Awaitable[None]]


def ask(settings: Settings, case: Case) -> None:
    """Run a case with a name server and a resolver that asks it."""

    async def run() -> None:
        server = await FakeDNS(dict(RECORDS)).start()
        known = settings.model_copy(update={"dns_servers": f"127.0.0.1:{server.port}"})
        await case(server, Resolver(known))
        await server.stop()

    asyncio.run(run())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter.dns, "LOOKUP_SECONDS", 0.2)


@pytest.mark.parametrize(
    ("kind", "name", "records"),
    [
        ("A", "there.example", ["192.0.2.7"]),
        ("AAAA", "there.example", ["2001:db8::7"]),
        ("MX", "there.example", [[10, "mx.there.example"]]),
        ("PTR", "7.2.0.192.in-addr.arpa", ["mail.there.example"]),
        ("TXT", "There.Example.", [["v=spf1 ", "-all"]]),
        ("PTR", "there.example", []),
        ("A", "nowhere.example", []),
        ("A", "x" * 64 + ".example", []),
        ("A", "double..dot.example", []),
    ],
    ids=["A", "AAAA", "MX", "PTR", "TXT", "no such kind", "no such name", "too long", "no name"],
)
def test_records_are_plain_values_and_none_is_an_empty_list(
    settings: Settings, kind: str, name: str, records: list[Any]
) -> None:
    async def case(server: FakeDNS, resolver: Resolver) -> None:
        assert await resolver.answer([kind, name]) == records

    ask(settings, case)


@pytest.mark.parametrize("name", ["there.example", "nowhere.example"])
def test_an_answer_is_kept(settings: Settings, name: str) -> None:
    async def case(server: FakeDNS, resolver: Resolver) -> None:
        first = await resolver.lookup("A", name)
        server.records.clear()
        assert await resolver.lookup("A", name) == first
        assert server.asked == [("A", name)]

    ask(settings, case)


def test_an_answer_is_asked_for_again_once_it_is_old(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filter.dns, "LONGEST_TTL", 0)

    async def case(server: FakeDNS, resolver: Resolver) -> None:
        await resolver.lookup("A", "there.example")
        server.records["A", "there.example"] = ["192.0.2.99"]
        assert await resolver.lookup("A", "there.example") == ["192.0.2.99"]

    ask(settings, case)


def test_what_is_kept_is_bounded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter.dns, "MOST_CACHED", 2)

    async def case(server: FakeDNS, resolver: Resolver) -> None:
        for number in range(5):
            await resolver.lookup("A", f"{number}.example")
        assert len(resolver._cache) <= 2

    ask(settings, case)


def test_a_server_that_fails_is_asked_again(settings: Settings) -> None:
    async def case(server: FakeDNS, resolver: Resolver) -> None:
        server.failing = True
        assert await resolver.lookup("A", "there.example") is None
        server.failing = False
        assert await resolver.lookup("A", "there.example") == ["192.0.2.7"]

    ask(settings, case)


@pytest.mark.usefixtures("impatient")
def test_a_silent_server_counts_as_down_and_nobody_waits_for_it_again(settings: Settings) -> None:
    async def case(server: FakeDNS, resolver: Resolver) -> None:
        server.silent = True
        assert await resolver.lookup("A", "there.example") is None
        asked, begun = len(server.asked), time.monotonic()
        for name in ("there.example", "elsewhere.example"):
            assert await resolver.lookup("MX", name) is None
        assert time.monotonic() - begun < 0.1
        assert len(server.asked) == asked

    ask(settings, case)


@pytest.mark.usefixtures("impatient")
def test_a_name_whose_own_server_is_silent_holds_up_no_other(settings: Settings) -> None:
    async def case(server: FakeDNS, resolver: Resolver) -> None:
        server.turns["MX", "slow.example"] = [SILENT] * 9
        assert await resolver.lookup("MX", "slow.example") is None
        assert await resolver.lookup("A", "there.example") == ["192.0.2.7"]

    ask(settings, case)


@pytest.mark.parametrize(
    ("name", "believed", "proven"),
    [
        ("there.example", "127.0.0.0/8", True),
        ("there.example", "192.0.2.0/24", False),
        ("there.example", "", False),
        ("elsewhere.example", "127.0.0.0/8", False),
    ],
    ids=["a server that counts", "another server", "no server counts", "an unsigned name"],
)
def test_only_a_server_whose_word_counts_proves_an_answer(
    settings: Settings, name: str, believed: str, proven: bool
) -> None:
    async def case(server: FakeDNS, resolver: Resolver) -> None:
        server.signed = ("there.example",)
        server.records["MX", "elsewhere.example"] = ["10 mx.there.example."]
        for _ in range(2):
            assert (await resolver.ask("MX", name)).proven is proven

    ask(settings.model_copy(update={"dnssec_servers": believed}), case)


@pytest.mark.usefixtures("impatient")
def test_what_is_known_is_answered_while_the_server_is_down(settings: Settings) -> None:
    async def case(server: FakeDNS, resolver: Resolver) -> None:
        await resolver.lookup("MX", "there.example")
        server.silent = True
        assert await resolver.lookup("A", "there.example") is None
        assert await resolver.lookup("MX", "there.example") == [[10, "mx.there.example"]]

    ask(settings, case)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_speaks_again_is_heard(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filter.dns, "DOWN_SECONDS", 0.1)

    async def case(server: FakeDNS, resolver: Resolver) -> None:
        server.silent = True
        assert await resolver.lookup("A", "there.example") is None
        server.silent = False
        await asyncio.sleep(0.15)
        assert await resolver.lookup("A", "there.example") == ["192.0.2.7"]

    ask(settings, case)


@pytest.mark.parametrize("kind", ["ANY", "AXFR", "CNAME", "nonsense"])
def test_a_child_can_ask_for_the_kinds_that_spf_needs_only(settings: Settings, kind: str) -> None:
    async def case(server: FakeDNS, resolver: Resolver) -> None:
        assert await resolver.answer([kind, "there.example"]) == []
        assert server.asked == []

    ask(settings, case)


@pytest.mark.parametrize(
    "name", ["", "a b.example", "\udcff.example", "x\r\n.example", "münster.example"]
)
def test_any_text_may_be_asked_for(settings: Settings, name: str) -> None:
    async def case(server: FakeDNS, resolver: Resolver) -> None:
        assert await resolver.answer(["A", name]) == []

    ask(settings, case)


def test_several_servers_are_asked_in_turn(settings: Settings) -> None:
    async def case(server: FakeDNS, _: Resolver) -> None:
        both = f"127.0.0.1:1, 127.0.0.1:{server.port}"
        resolver = Resolver(settings.model_copy(update={"dns_servers": both}))
        resolver._resolver.timeout = 0.1
        assert await resolver.lookup("MX", "there.example") == [[10, "mx.there.example"]]

    ask(settings, case)


@pytest.mark.parametrize(
    ("name", "there"),
    [("there.example", True), ("7.2.0.192.in-addr.arpa", True), ("nowhere.example", False)],
    ids=["with an address", "without an address", "not at all"],
)
def test_a_name_exists_whatever_stands_there(settings: Settings, name: str, there: bool) -> None:
    async def case(server: FakeDNS, resolver: Resolver) -> None:
        assert bool(await resolver.answer(["NAME", name])) is there

    ask(settings, case)


def test_one_mail_is_answered_so_many_questions_and_no_more(settings: Settings) -> None:
    async def case(server: FakeDNS, resolver: Resolver) -> None:
        for_mail = resolver.for_mail()
        answers = [await for_mail.answer(["A", "there.example"]) for _ in range(62)]
        assert answers == [["192.0.2.7"]] * MOST_QUESTIONS + [None] * 2
        assert await resolver.for_mail().answer(["A", "there.example"]) == ["192.0.2.7"]

    ask(settings, case)


def test_one_mail_is_answered_for_so_long_and_no_longer(settings: Settings) -> None:
    async def case(server: FakeDNS, resolver: Resolver) -> None:
        server.silent = True
        for_mail, begun = resolver.for_mail(0.2), time.monotonic()
        for kind in ("A", "MX", "TXT"):
            assert await for_mail.answer([kind, "there.example"]) is None
        assert time.monotonic() - begun < 1
        assert await resolver.for_mail(0.1).answer(["MX", "there.example"]) is None

    ask(settings, case)
