import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
import uvloop

from filter import sts
from filter.routing import Router
from filter.sts import StsReader, Unreadable, read, version_of
from mailstore.sending.stspolicies import Mode, Wish
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.filter.authority import Authority
from tests.filter.background import Background
from tests.filter.names import FAILS, FakeDNS
from tests.filter.policyserver import ENFORCE, PolicyServer

THERE, HOST = "there.example", "mta-sts.there.example"
TXT = ("TXT", "_mta-sts.there.example")
WEEK = timedelta(days=7)
Policy = Callable[[], str]


@pytest.fixture(name="ca", scope="module")
def _ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def web(
    ca: Authority, background: Background, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PolicyServer]:
    server = PolicyServer(ca.server(HOST).context)
    background.run(server.start())
    monkeypatch.setattr(sts, "PORT", server.port)
    yield server
    background.run(server.stop())


@pytest.fixture
def reader(store: Store, names: FakeDNS, ca: Authority) -> StsReader:
    names.records = {TXT: ['"v=STSv1; id=1;"'], ("A", HOST): ["127.0.0.1"]}
    set_to(
        store,
        dns_servers=f"127.0.0.1:{names.port}",
        inside_networks="127.0.0.0/8",
        tls_authorities=ca.file,
    )
    return StsReader(store.settings, Router(store.settings))


@pytest.fixture
def policy(reader: StsReader, store: Store) -> Policy:
    """Return what says the version and mode of the policy that is in force, with fresh DNS."""

    def ask() -> str:
        reader._router.resolver._cache.clear()
        found = uvloop.run(reader.policy(store, THERE))
        return f"{found.version} {found.mode}" if found else ""

    return ask


def set_to(store: Store, **values: Any) -> None:
    store.settings = store.settings.model_copy(update=values)


def test_a_policy_is_read_where_dns_says_that_there_is_one_and_kept_for_all(
    policy: Policy, store: Store, web: PolicyServer
) -> None:
    assert policy() == policy() == "1 enforce"
    assert web.asked == ["/.well-known/mta-sts.txt Host: mta-sts.there.example"]
    another = StsReader(store.settings, Router(store.settings))
    assert uvloop.run(another.policy(store, THERE)) is not None
    assert len(web.asked) == 1


@on_sqlite
def test_a_domain_that_says_nothing_is_not_asked(
    policy: Policy, names: FakeDNS, web: PolicyServer
) -> None:
    for records in ([], ['"v=spf1 -all"'], ['"v=STSv1; id=1"', '"v=STSv1; id=2"']):
        names.records[TXT] = records
        assert policy() == ""
    assert web.asked == []


@on_sqlite
def test_a_new_version_takes_the_place_of_the_policy_before(
    policy: Policy, names: FakeDNS, web: PolicyServer
) -> None:
    policy()
    names.records[TXT] = ['"v=STSv1; id=2"']
    web.body = ENFORCE.replace("enforce", "testing")
    assert policy() == "2 testing"


def gone_from_dns(names: FakeDNS, web: PolicyServer) -> None:
    del names.records[TXT]


def unknown_in_dns(names: FakeDNS, web: PolicyServer) -> None:
    names.turns[TXT] = [FAILS] * 9


def newer_and_unreadable(names: FakeDNS, web: PolicyServer) -> None:
    names.records[TXT] = ['"v=STSv1; id=2"']
    web.status = "500 Oops"


@on_sqlite
@pytest.mark.parametrize("now", [gone_from_dns, unknown_in_dns, newer_and_unreadable])
def test_a_policy_stays_in_force_until_its_end_whatever_is_silent(
    policy: Policy,
    names: FakeDNS,
    web: PolicyServer,
    clock: time_machine.Traveller,
    now: Callable[[FakeDNS, PolicyServer], None],
) -> None:
    policy()
    now(names, web)
    web.status = "500 Oops"
    clock.shift(WEEK - timedelta(seconds=1))
    assert policy() == "1 enforce"
    clock.shift(timedelta(seconds=1))
    assert policy() == ""


@on_sqlite
def test_a_policy_is_read_again_before_it_ends(
    policy: Policy, web: PolicyServer, clock: time_machine.Traveller
) -> None:
    for _ in range(4):
        assert policy() == "1 enforce"
        clock.shift(timedelta(days=2))
    assert len(web.asked) == 4


@on_sqlite
def test_a_server_without_a_policy_that_can_be_read_is_left_alone_for_a_while(
    policy: Policy, web: PolicyServer
) -> None:
    web.status = "404 Not Found"
    assert policy() == policy() == ""
    assert len(web.asked) == 1


WRONG: dict[str, dict[str, Any]] = {
    "moved": {"status": "302 Found", "headers": ("Location: https://mta-sts.there.example/x",)},
    "absent": {"status": "404 Not Found"},
    "another type": {"headers": ("Content-Type: text/html",)},
    "no type": {"headers": ()},
    "too long": {"body": ENFORCE + "x" * 2**16},
    "no policy": {"body": "<html>"},
    "silent": {"silent": True},
}


@on_sqlite
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_is_published_wrongly_is_no_policy(
    policy: Policy, web: PolicyServer, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]
) -> None:
    monkeypatch.setattr(sts, "SECONDS", 2.0)
    for name, value in wrong.items():
        setattr(web, name, value)
    begun = time.monotonic()
    assert policy() == ""
    assert len(web.asked) == 1
    assert time.monotonic() - begun < 5


@on_sqlite
@pytest.mark.parametrize("name", ["there.example", "mta-sts.elsewhere.example"])
def test_a_web_server_that_does_not_prove_its_name_has_no_policy(
    policy: Policy, web: PolicyServer, ca: Authority, background: Background,
    monkeypatch: pytest.MonkeyPatch, name: str,
) -> None:  # fmt: skip
    other = PolicyServer(ca.server(name).context)
    background.run(other.start())
    monkeypatch.setattr(sts, "PORT", other.port)
    assert policy() == ""
    assert other.asked == []
    background.run(other.stop())


@on_sqlite
def test_a_web_server_on_the_inside_is_not_asked(
    reader: StsReader, store: Store, web: PolicyServer
) -> None:
    set_to(store, inside_networks="")
    inside = StsReader(store.settings, Router(store.settings))
    assert uvloop.run(inside.policy(store, THERE)) is None
    assert web.asked == []


@pytest.mark.parametrize(
    ("records", "version"),
    [
        ([["v=STSv1; id=20160831085700Z;"]], "20160831085700Z"),
        ([["v=STSv1;", "id=1"]], "1"),
        ([["v=STSv1;id=1 ; more=x;"]], "1"),
        ([["v=spf1 -all"], ["v=STSv1; id=1"]], "1"),
        ([["v=STSv1; id=1"], ["v=STSv1; id=2"]], ""),
        ([["v=STSv1; id=a-b"]], ""),
        ([["v=STSv1; id=" + "1" * 33]], ""),
        ([["v=STSv1; no=1"]], ""),
        ([["v=STSv2; id=1"]], ""),
        ([["v=STSv1"]], ""),
        ([], ""),
    ],
)
def test_the_version_stands_in_the_one_record_that_is_meant(
    records: list[list[str]], version: str
) -> None:
    assert version_of(records) == version


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        (ENFORCE, Wish(Mode.ENFORCE, ("mx.there.example",), WEEK)),
        (
            "mode: testing\nmx: *.A.example.\nmax_age:10\nmx:b.example\nnew: 1\nversion: STSv1",
            Wish(Mode.TESTING, ("*.a.example", "b.example"), timedelta(seconds=10)),
        ),
        (
            ENFORCE.replace("mode", "mode: none\nmode").replace("604800", "9999999999"),
            Wish(Mode.NONE, ("mx.there.example",), timedelta(seconds=31_557_600)),
        ),
        (
            "version: STSv1\nmode: none\nmax_age: 86400\n",
            Wish(Mode.NONE, (), timedelta(days=1)),
        ),
    ],
    ids=["plain", "other order", "twice", "none"],
)
def test_a_policy_says_what_it_asks_for(text: str, wish: Wish) -> None:
    assert read(text) == wish


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("STSv1", "STSv2"),
        ("version", "ver"),
        ("enforce", "Enforce"),
        ("mode", "modes"),
        ("604800", "-1"),
        ("604800", "٣"),
        ("604800", "1" * 11),
        ("max_age", "age"),
        ("mx", "my"),
    ],
)
def test_what_is_no_policy_is_refused(old: str, new: str) -> None:
    with pytest.raises(Unreadable):
        read(ENFORCE.replace(old, new))
