import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter import reply
from filter.limits import Counters, Gate, Limits
from mailstore.sandbox import ROOT
from tests.filter.seconds import Seconds

IP, OTHER = "192.0.2.7", "192.0.2.8"


def a_gate(
    most: int = 1000, per_address: int = 1000, new: int = 1000, *, clock: Seconds | None = None
) -> Gate:
    return Gate(Counters(), 0, Limits(most, per_address, new), clock or Seconds())


def let_in(gate: Gate, ip: str, times: int) -> list[str | None]:
    return [gate.enter(ip) for _ in range(times)]


def test_an_address_that_has_enough_connections_gets_no_more_until_one_ends() -> None:
    gate = a_gate(per_address=2)
    assert let_in(gate, IP, 3) == [None, None, reply.TOO_MANY_FROM_ADDRESS]
    assert gate.enter(OTHER) is None
    gate.leave(IP)
    assert let_in(gate, IP, 2) == [None, reply.TOO_MANY_FROM_ADDRESS]


def test_nobody_comes_in_while_all_places_are_taken() -> None:
    gate = a_gate(most=2)
    assert [gate.enter(ip) for ip in (IP, OTHER, "192.0.2.9")] == [
        None,
        None,
        reply.TOO_MANY_CONNECTIONS,
    ]
    gate.leave(OTHER)
    assert gate.enter("192.0.2.9") is None


def test_an_address_that_comes_too_often_is_refused_until_the_next_minute() -> None:
    clock = Seconds()
    gate = a_gate(new=2, clock=clock)
    for expected in (None, None, reply.TOO_MANY_NEW):
        assert gate.enter(IP) == expected
        gate.leave(IP)
    clock.now += 59
    assert gate.enter(IP) == reply.TOO_MANY_NEW
    assert gate.enter(OTHER) is None
    clock.now += 1
    assert let_in(gate, IP, 3) == [None, None, reply.TOO_MANY_NEW]


def test_what_came_in_an_earlier_minute_never_counts_again() -> None:
    clock = Seconds()
    gate = a_gate(new=1, clock=clock)
    for _ in range(5):
        assert let_in(gate, IP, 2) == [None, reply.TOO_MANY_NEW]
        clock.now += 60


def test_what_is_refused_is_not_counted() -> None:
    gate = a_gate(per_address=1, new=5)
    gate.enter(IP)
    assert set(let_in(gate, IP, 20)) == {reply.TOO_MANY_FROM_ADDRESS}
    assert gate.open == 1
    gate.leave(IP)
    assert gate.enter(IP) is None


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2%lo", True),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8", False),
        ("192.0.2.7", "192.0.2.8", False),
        ("", "/run/relay.sock", False),
        ("\ud800", "?", True),
    ],
    ids=[
        "one network",
        "two networks",
        "zones",
        "mapped and plain",
        "two mapped",
        "two plain",
        "no addresses",
        "half a character",
    ],
)
def test_an_ipv6_network_counts_as_one_client_and_an_ipv4_address_too(
    first: str, second: str, together: bool
) -> None:
    gate = a_gate(per_address=1)
    gate.enter(first)
    assert gate.enter(second) == (reply.TOO_MANY_FROM_ADDRESS if together else None)


@pytest.mark.parametrize(("used", "crowded"), [(6, False), (7, True)])
def test_a_relay_is_crowded_when_more_than_three_quarters_are_in_use(
    used: int, crowded: bool
) -> None:
    gate = a_gate(most=8)
    let_in(gate, IP, used)
    assert gate.crowded is crowded


def test_leaving_more_often_than_entering_takes_nothing_from_others() -> None:
    gate = a_gate(per_address=1)
    gate.leave(IP)
    assert let_in(gate, IP, 2) == [None, reply.TOO_MANY_FROM_ADDRESS]
    assert gate.open == 1


def test_processes_see_what_the_others_count() -> None:
    counters, clock = Counters(3), Seconds()
    gates = [Gate(counters, number, Limits(9, 2, 9), clock) for number in range(3)]
    answers = [gate.enter(IP) for gate in gates]
    assert answers == [None, None, reply.TOO_MANY_FROM_ADDRESS]
    assert [gate.open for gate in gates] == [2, 2, 2]


def test_new_connections_are_counted_over_all_processes() -> None:
    counters, clock = Counters(2), Seconds()
    gates = [Gate(counters, number, Limits(9, 9, 2), clock) for number in range(2)]
    assert [gate.enter(IP) for gate in (*gates, *gates)] == [None, None] + [reply.TOO_MANY_NEW] * 2


def test_the_connections_of_a_process_that_died_are_forgotten_and_no_others() -> None:
    counters = Counters(2)
    dead, alive = (Gate(counters, number, Limits(9, 9, 4), Seconds()) for number in range(2))
    let_in(dead, IP, 3)
    alive.enter(IP)
    counters.clear(0)
    assert alive.open == 1
    assert alive.enter(IP) == reply.TOO_MANY_NEW, "what came this minute came all the same"
    alive.leave(IP)
    assert (alive.open, dead.open) == (0, 0)


def test_forked_processes_count_together_and_a_dead_one_can_be_cleared() -> None:
    command = [sys.executable, "-m", "tests.filter.forks"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 (our own)
    before = ["3", reply.TOO_MANY_FROM_ADDRESS, "None", "4"]
    assert done.stdout.splitlines() == [*before, "1", "None", "2"]


def test_each_start_hashes_addresses_differently() -> None:
    addresses = [f"192.0.2.{number}" for number in range(20)]
    first, second = Counters(), Counters()
    assert list(map(first.row, addresses)) != list(map(second.row, addresses))


STEPS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 1), st.sampled_from([IP, OTHER, "2001:db8::1", ""])),
    max_size=60,
)


@pytest.mark.parametrize("buckets", [1, 2**16], ids=["all addresses together", "each alone"])
@given(steps=STEPS)
def test_counts_are_never_wrong_and_come_back_to_nothing(
    buckets: int, steps: list[tuple[bool, int, str]]
) -> None:
    counters = Counters(2, buckets)
    gates = [Gate(counters, number, Limits(9, 4, 1000), Seconds()) for number in range(2)]
    inside: Counter[tuple[int, str]] = Counter()
    for comes, number, ip in steps:
        if comes:
            inside[number, ip] += gates[number].enter(ip) is None
        elif inside[number, ip]:
            gates[number].leave(ip)
            inside[number, ip] -= 1
        assert gates[0].open == sum(inside.values()) <= 9
    for number, ip in inside.elements():
        gates[number].leave(ip)
    assert not any(counters.all)
    assert not any(counters.open)


def test_the_most_of_everything_is_let_in() -> None:
    gate = Gate(Counters(), 0, Limits(1000, 1000, 1000))
    assert set(let_in(gate, IP, 1000)) == {None}
    assert gate.open == 1000
