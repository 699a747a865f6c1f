import time
from collections.abc import Callable

import pytest

import filter.dns
from filter import routing
from filter.routing import MOST_ENDPOINTS, MOST_RECORDS, HopAbsent
from filter.wire import HopDown
from mailstore.settings import Settings
from tests.filter.hops import Find, asking
from tests.filter.names import ABSENT, FAILS, SILENT, FakeDNS

Key = tuple[str, str]
MX = ("MX", "there.example")
A = ("A", "there.example")
TO_THERE = "mx:there.example"
PUBLIC, OTHER, SIX = "9.9.9.9", "8.8.8.8", "2606:4700::1"


@pytest.fixture
def find(names: FakeDNS, settings: Settings) -> Find:
    return asking(names, settings)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter.dns, "LOOKUP_SECONDS", 0.2)


@pytest.mark.parametrize(
    ("records", "found"),
    [
        (
            {
                MX: ["20 b.example.", "10 a.example.", "30 c.example."],
                ("A", "a.example"): [PUBLIC],
                ("AAAA", "b.example"): [SIX],
                ("A", "c.example"): [OTHER],
            },
            [f"a.example {PUBLIC} 25", f"b.example {SIX} 25", f"c.example {OTHER} 25"],
        ),
        (
            {MX: ["0 .", "10 a.example."], ("A", "a.example"): [PUBLIC]},
            [f"a.example {PUBLIC} 25"],
        ),
        (
            {MX: ["10 gone.example.", "20 a.example."], ("A", "a.example"): [PUBLIC]},
            [f"a.example {PUBLIC} 25"],
        ),
        ({A: [PUBLIC]}, [f"there.example {PUBLIC} 25"]),
        ({("AAAA", "there.example"): [SIX]}, [f"there.example {SIX} 25"]),
        (
            {
                ("CNAME", "there.example"): ["c1.example."],
                ("CNAME", "c1.example"): ["c2.example."],
                ("MX", "c2.example"): ["10 a.example."],
                ("CNAME", "a.example"): ["c3.example."],
                ("A", "c3.example"): [PUBLIC],
            },
            [f"a.example {PUBLIC} 25"],
        ),
        ({MX: [f"10 {PUBLIC}."]}, [f"{PUBLIC} {PUBLIC} 25"]),
    ],
    ids=[
        "by priority",
        "null beside others",
        "first is gone",
        "no MX",
        "IPv6 only",
        "chain of aliases",
        "address for a name",
    ],
)
def test_a_domains_servers_are_found(
    find: Find, names: FakeDNS, records: dict[Key, list[str]], found: list[str]
) -> None:
    names.records = records
    assert find(TO_THERE) == found


@pytest.mark.parametrize(
    ("records", "reply"),
    [({}, "550 5.1.2 there is no domain"), ({MX: ["0 ."]}, "556 5.1.10 there.example takes no")],
    ids=["no such domain", "null MX"],
)
def test_absence_that_is_proven_is_told(
    find: Find, names: FakeDNS, records: dict[Key, list[str]], reply: str
) -> None:
    names.records = records
    with pytest.raises(HopAbsent, match=reply):
        find(TO_THERE)


def fails(names: FakeDNS) -> None:
    names.failing = True


def is_silent(names: FakeDNS) -> None:
    names.silent = True


def is_late(names: FakeDNS) -> None:
    names.late = 1.0


def has_wrong_ids(names: FakeDNS) -> None:
    names.mistaken = True


def only_the_servers_name_fails(names: FakeDNS) -> None:
    names.turns = {(kind, "a.example"): [FAILS] for kind in ("A", "AAAA")}
    names.records[MX] = ["10 a.example."]


def is_there_after_all(names: FakeDNS) -> None:
    names.turns[MX] = [ABSENT]
    names.records["TXT", "there.example"] = ['"v=spf1 -all"']


def is_gone_and_then_fails(names: FakeDNS) -> None:
    names.turns = {MX: [ABSENT], A: [FAILS] * 9}


def is_gone_and_then_silent(names: FakeDNS) -> None:
    names.turns = {MX: [ABSENT], A: [SILENT] * 9}


def has_servers_that_are_gone(names: FakeDNS) -> None:
    names.records[MX] = ["10 a.example.", "20 b.example."]


def has_a_server_on_loopback(names: FakeDNS) -> None:
    names.records |= {MX: ["10 a.example."], ("A", "a.example"): ["127.0.0.1"]}


def has_two_null_servers(names: FakeDNS) -> None:
    names.records[MX] = ["0 .", "10 ."]


def is_an_endless_chain(names: FakeDNS) -> None:
    names.records = {
        ("CNAME", "there.example"): ["c1.example."],
        ("CNAME", "c1.example"): ["there.example."],
    }


DOUBTS = [
    fails,
    is_silent,
    is_late,
    has_wrong_ids,
    only_the_servers_name_fails,
    is_there_after_all,
    is_gone_and_then_fails,
    is_gone_and_then_silent,
    has_servers_that_are_gone,
    has_a_server_on_loopback,
    has_two_null_servers,
    is_an_endless_chain,
]


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("doubt", DOUBTS, ids=lambda doubt: doubt.__name__)
def test_whatever_is_not_proven_is_a_hop_that_is_down(
    find: Find, names: FakeDNS, doubt: Callable[[FakeDNS], None]
) -> None:
    doubt(names)
    begun = time.monotonic()
    with pytest.raises(HopDown) as told:
        find(TO_THERE)
    assert not isinstance(told.value, HopAbsent)
    assert time.monotonic() - begun < 4


def test_a_domain_that_names_too_many_servers_is_asked_about_the_best_only(
    find: Find, names: FakeDNS
) -> None:
    names.records[MX] = [f"{number} {number}.example." for number in range(150)]
    names.records |= {("A", f"{number}.example"): [PUBLIC] for number in range(150)}
    found = find(TO_THERE)
    assert found == [f"{number}.example {PUBLIC} 25" for number in range(MOST_ENDPOINTS)]
    assert len(names.asked) <= 1 + 2 * MOST_RECORDS


def test_a_name_server_that_drips_holds_nobody_for_long(
    find: Find, names: FakeDNS, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "LONGEST_SECONDS", 0.5)
    names.records[MX] = [f"{number} {number}.example." for number in range(100)]
    names.records |= {("A", f"{number}.example"): [PUBLIC] for number in range(100)}
    names.late, begun = 0.1, time.monotonic()
    assert 1 <= len(find(TO_THERE)) < MOST_ENDPOINTS
    names.late = 1.5
    with pytest.raises(HopDown):
        find(TO_THERE)
    assert time.monotonic() - begun < 4
