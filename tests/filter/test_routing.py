import pytest
import uvloop

import filter.dns
from filter.hop import Hop
from filter.wire import HopDown
from mailstore.lanes import NOBODY, Lane
from mailstore.settings import Settings
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.filter.conftest import MakeSink
from tests.filter.hops import Find, asking
from tests.filter.names import FakeDNS
from tests.inside import HOSTS, NAMES

MX = ("MX", "there.example")
A = ("A", "there.example")
TO_THERE = "mx:there.example"
PUBLIC = "9.9.9.9"


@pytest.fixture
def find(names: FakeDNS, settings: Settings) -> Find:
    return asking(names, settings)


@pytest.mark.parametrize("host", [*HOSTS, "[fe80::1%lo]"])
def test_a_tenants_host_does_not_lead_to_the_inside(find: Find, names: FakeDNS, host: str) -> None:
    names.records = dict(NAMES)
    with pytest.raises(HopDown, match="leads to an address that is not allowed"):
        find(f"{host}:26")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "localhost", "inside.example"])
def test_the_operators_host_may_lead_to_the_inside(find: Find, names: FakeDNS, host: str) -> None:
    names.records["A", "inside.example"] = ["127.0.0.1"]
    assert f"{host} 127.0.0.1 26" in find(f"{host}:26", trusted=True)


def test_a_host_whose_name_cannot_be_written_in_dns_is_down(find: Find) -> None:
    with pytest.raises(HopDown, match="no address"):
        find(f"{'ü' * 63}.example:25", trusted=True)


def test_of_a_hosts_addresses_only_those_of_the_outside_are_used(
    find: Find, names: FakeDNS
) -> None:
    names.records |= {A: ["127.0.0.1", PUBLIC, "10.0.0.1"], ("AAAA", "there.example"): ["::1"]}
    assert find("there.example:25") == [f"there.example {PUBLIC} 25"]


def test_the_networks_of_the_inside_that_are_named_let_a_tenants_host_in(find: Find) -> None:
    named = "127.0.0.0/8, 10.1.0.0/16"
    both = "127.0.0.1:26,10.1.2.3:26,10.2.3.4:26"
    assert find(both, inside_networks=named) == ["127.0.0.1 127.0.0.1 26", "10.1.2.3 10.1.2.3 26"]
    with pytest.raises(HopDown, match="not allowed"):
        find("10.2.3.4:26", inside_networks=named)


def test_what_a_domains_records_name_never_leads_to_the_inside(find: Find, names: FakeDNS) -> None:
    names.records |= {MX: ["10 mx.there.example."], ("A", "mx.there.example"): ["127.0.0.1"]}
    with pytest.raises(HopDown, match="not allowed"):
        find("mx:there.example:26", trusted=True)


@on_sqlite
def test_a_name_that_changes_after_the_check_is_reached_where_it_was_checked(
    names: FakeDNS, store: Store, a_sink: MakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filter.dns, "LONGEST_TTL", 0)
    names.turns[A] = [["127.0.0.1"]]
    names.records[A] = ["10.0.0.1"]
    sink = a_sink()
    lane = Lane(route=f"there.example:{sink.port}", named_by=NOBODY)
    known = {"dns_servers": f"127.0.0.1:{names.port}", "inside_networks": "127.0.0.1"}
    store.settings = store.settings.model_copy(update=known)

    async def run() -> list[str]:
        hop = Hop(store, lane)
        connections = [await hop.connect() for _ in range(2)]
        for each in connections:
            each.close()
        return [each.endpoint.address for each in connections]

    assert uvloop.run(run()) == ["127.0.0.1"] * 2
    assert sink.connections == 2


@pytest.mark.parametrize("host", ["localhost", "127.1"])
def test_what_only_this_machine_knows_is_no_server_of_a_domain(
    find: Find, names: FakeDNS, host: str
) -> None:
    names.records[MX] = [f"10 {host}."]
    with pytest.raises(HopDown, match=r"no address: there\.example"):
        find(TO_THERE, inside_networks="127.0.0.0/8")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "0", "localhost", "here.example"])
def test_our_own_port_is_never_a_next_hop(find: Find, names: FakeDNS, host: str) -> None:
    names.records["A", "here.example"] = ["127.0.0.1"]
    ports = {"smtp_listen": "127.0.0.1:2525,[::1]:2526"}
    with pytest.raises(HopDown, match="not allowed"):
        find(f"{host}:2525", trusted=True, **ports)
    assert find(f"{host}:2527", trusted=True, **ports)


def test_a_domain_whose_servers_are_ourselves_has_no_next_hop(find: Find, names: FakeDNS) -> None:
    names.records |= {MX: ["10 mx.there.example."], ("A", "mx.there.example"): ["127.0.0.1"]}
    ourselves = {"smtp_listen": "127.0.0.1:2525", "inside_networks": "127.0.0.0/8"}
    assert find("mx:there.example:2526", **ourselves) == ["mx.there.example 127.0.0.1 2526"]
    with pytest.raises(HopDown, match="not allowed"):
        find("mx:there.example:2525", **ourselves)
