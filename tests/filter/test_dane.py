import hashlib

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from filter import dane
from filter.dns import Resolver
from filter.proof import Association, Proof
from filter.wire import Endpoint, HopDown
from mailstore.settings import Settings
from tests.authority import Authority
from tests.filter.names import FAILS, FakeDNS

THERE = "there.example"
NOBODY = "0" * 64
ENDPOINTS = [Endpoint(f"{name}.{THERE}", "192.0.2.1", 25) for name in ("a", "b")]
KEYS = {name: ("TLSA", f"_25._tcp.{name}.{THERE}") for name in ("a", "b")}


@pytest.fixture(scope="module", name="shown")
def _shown(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a certificate in DER."""
    pem = Authority(tmp_path_factory.mktemp("ca")).issue(THERE).read_bytes()
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def key_in(certificate: bytes) -> bytes:
    key = x509.load_der_x509_certificate(certificate).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_a_record_names_a_certificate_or_its_key(
    shown: bytes, selector: int, matching: int
) -> None:
    named = key_in(shown) if selector else shown
    data = [named, hashlib.sha256(named).digest(), hashlib.sha512(named).digest()][matching]
    assert Association(3, selector, matching, data).fits(shown)
    assert not Association(3, selector, matching, data[:-1]).fits(shown)
    assert not Association(3, 1 - selector, matching, data).fits(shown)


def test_a_certificate_that_cannot_be_read_has_no_key() -> None:
    assert not Association(3, 1, 1, hashlib.sha256(b"x").digest()).fits(b"x")


@pytest.mark.parametrize("record", [(0, 1, 1), (1, 1, 1), (2, 1, 1), (3, 2, 1), (3, 1, 3)])
def test_what_we_cannot_check_is_not_usable(record: tuple[int, int, int]) -> None:
    assert not Association(*record, b"").usable


def asked(names: FakeDNS, settings: Settings) -> list[str]:
    """Return what each server must prove: `name proof`, with a star where TLS must be."""
    known = settings.model_copy(update={"dns_servers": f"127.0.0.1:{names.port}"})
    found = uvloop.run(dane.with_keys(Resolver(known), THERE, ENDPOINTS))
    demands = [(each.host[0], each.demand) for each in found]
    return [f"{name} {demand.proof}{'*' * demand.tls}" if demand else name
            for name, demand in demands]  # fmt: skip


@pytest.fixture
def zone(names: FakeDNS) -> FakeDNS:
    """Return a name server whose word counts, with a domain that has two servers."""
    names.records = {("MX", THERE): ["10 a.there.example.", "20 b.there.example."]}
    names.records |= {("A", f"{name}.{THERE}"): ["192.0.2.1"] for name in ("a", "b")}
    names.signed = (THERE,)
    return names


def test_each_server_must_prove_what_dns_names_for_it(zone: FakeDNS, settings: Settings) -> None:
    zone.records[KEYS["a"]] = [f"2 1 1 {NOBODY}", f"3 1 1 {NOBODY}"]
    assert asked(zone, settings) == [f"a {Proof.DANE}*", f"b {Proof.NONE}"]
    zone.records[KEYS["b"]] = [f"2 1 1 {NOBODY}"]
    assert asked(zone, settings) == [f"a {Proof.DANE}*", f"b {Proof.NONE}*"]


@pytest.mark.parametrize("signed", [(), ("a.there.example",)], ids=["nothing", "not the MX"])
def test_servers_that_are_not_proven_to_be_the_domains_are_asked_for_nothing(
    zone: FakeDNS, settings: Settings, signed: tuple[str, ...]
) -> None:
    zone.records[KEYS["a"]] = [f"3 1 1 {NOBODY}"]
    zone.signed = signed
    assert asked(zone, settings) == ["a", "b"]


def test_keys_that_are_not_proven_ask_for_nothing(zone: FakeDNS, settings: Settings) -> None:
    kind, name = KEYS["a"]
    zone.records |= {
        ("CNAME", name): ["a.else.example."],
        (kind, "a.else.example"): [f"3 1 1 {NOBODY}"],
    }
    assert asked(zone, settings) == [f"a {Proof.NONE}", f"b {Proof.NONE}"]


def test_a_server_whose_address_is_not_proven_is_not_asked_about(
    zone: FakeDNS, settings: Settings
) -> None:
    zone.records |= {("MX", THERE): ["10 a.else.example."], ("A", "a.else.example"): ["192.0.2.1"]}
    known = settings.model_copy(update={"dns_servers": f"127.0.0.1:{zone.port}"})
    elsewhere = [Endpoint("a.else.example", "192.0.2.1", 25)]
    (found,) = uvloop.run(dane.with_keys(Resolver(known), THERE, elsewhere))
    assert found.demand == dane.NOTHING
    assert not any(kind == "TLSA" for kind, _ in zone.asked)


def test_a_server_whose_keys_nobody_can_know_now_is_left_out(
    zone: FakeDNS, settings: Settings
) -> None:
    zone.turns[KEYS["a"]] = [FAILS] * 9
    assert asked(zone, settings) == [f"b {Proof.NONE}"]
    zone.turns = {key: [FAILS] * 9 for key in KEYS.values()}
    with pytest.raises(HopDown, match="DNS does not say now what proves"):
        asked(zone, settings)
    zone.turns = {("MX", THERE): [FAILS] * 9}
    with pytest.raises(HopDown, match="no answer from DNS"):
        asked(zone, settings)
