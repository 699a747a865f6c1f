from ipaddress import ip_network

import pytest

from mailstore.reach import is_public

OUTSIDE = ["8.8.8.8", "2606:4700:4700::1111", "2a00:1450:400a::8", "192.31.196.1"]
INSIDE = [
    "0.0.0.0",  # noqa: S104 (nothing is bound to it here)
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.9",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001:db8::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
DISGUISES = {
    "::ffff:127.0.0.1": "127.0.0.1",
    "::ffff:a9fe:a9fe": "169.254.169.254",
    "64:ff9b::7f00:1": "127.0.0.1",
    "64:ff9b::a00:1": "10.0.0.1",
    "2002:7f00:1::": "127.0.0.1",
    "2002:c0a8:1::1": "192.168.0.1",
    "2001:0:808:808:0:0:80ff:fffe": "127.0.0.1",
}


@pytest.mark.parametrize("address", OUTSIDE)
def test_the_outside_may_be_reached(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", [*INSIDE, *DISGUISES])
def test_the_inside_may_not_be_reached(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"])
def test_an_address_that_stands_for_one_of_the_outside_may_be_reached(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", [each.partition("%")[0] for each in INSIDE])
def test_a_network_that_is_let_in_may_be_reached_and_no_other(address: str) -> None:
    assert is_public(address, [ip_network("8.8.8.8"), ip_network(address)])
    assert not is_public(address, [ip_network("9.9.9.0/24"), ip_network("2a00::/16")])


@pytest.mark.parametrize(("address", "meant"), DISGUISES.items(), ids=DISGUISES)
def test_a_disguise_counts_as_the_address_it_stands_for(address: str, meant: str) -> None:
    assert is_public(address, [ip_network(meant)])
    assert not is_public(address, [ip_network(address)])
