from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from filter.scanners import Scanners
from filter.verdict import judge
from mailstore.addresses import Address
from mailstore.envelopes import Client, Symbol
from tests.factories import BOB, RAW, a_recipient
from tests.filter.background import Background
from tests.filter.exams import STRANGER
from tests.filter.names import FakeDNS
from tests.filter.scanners.conftest import Scan

ZEN, DBL = "zen.lists.example", "dbl.lists.example"
LISTED = f"7.2.0.192.{ZEN}"
TEST, EVERYBODY = f"2.0.0.127.{ZEN}", f"1.0.0.127.{ZEN}"
V6 = Client("2001:db8::7", "mail.there.example")
REVERSED_V6 = ".".join("7000000000000000000000008bd01002")
Found = list[tuple[str, str]]


def using(names: FakeDNS, lists: str = ZEN) -> dict[str, object]:
    return {"dns_servers": f"127.0.0.1:{names.port}", "dns_lists": lists}


@pytest.mark.parametrize(
    ("records", "client", "found"),
    [
        ({}, STRANGER, []),
        ({LISTED: ["127.0.0.4"]}, STRANGER, [(f"DNS_LIST:{ZEN}", "127.0.0.4")]),
        (
            {LISTED: ["127.0.0.4", "127.0.0.10"]},
            STRANGER,
            [(f"DNS_LIST:{ZEN}", "127.0.0.4, 127.0.0.10")],
        ),
        ({LISTED: ["203.0.113.9"]}, STRANGER, []),
        ({f"{REVERSED_V6}.{ZEN}": ["127.0.0.2"]}, V6, [(f"DNS_LIST:{ZEN}", "127.0.0.2")]),
        ({f"5.0.0.127.{ZEN}": ["127.0.0.2"]}, Client("127.0.0.5", "near"), []),
    ],
    ids=["unlisted", "listed", "twice", "a parked zone", "IPv6", "one of our own"],
)
def test_a_list_names_the_address_of_a_client(
    scan: Scan, names: FakeDNS, records: dict[str, list[str]], client: Client, found: Found
) -> None:
    names.records.update({("A", name): codes for name, codes in records.items()})
    details = [(name, ", ".join(sorted(detail.split(", "), key=len)))
               for name, detail in scan(RAW, client=client, **using(names))]  # fmt: skip
    assert details == found


@pytest.mark.parametrize(
    ("sender", "found"),
    [
        (BOB, [(f"DNS_LIST:{DBL}", "127.0.1.2")]),
        (Address("bob", "bergpost.example"), []),
        (None, []),
    ],
    ids=["listed", "unlisted", "null path"],
)
def test_a_list_names_the_domain_of_a_sender(
    scan: Scan, names: FakeDNS, sender: Address | None, found: Found
) -> None:
    names.records["A", f"{BOB.domain}.{DBL}"] = ["127.0.1.2"]
    settings = using(names, "") | {"dns_domain_lists": DBL}
    assert scan(RAW, sender=sender, **settings) == found


@pytest.mark.parametrize(
    ("name", "code"),
    [(EVERYBODY, "127.0.0.2"), (EVERYBODY, "203.0.113.9"), (LISTED, "127.255.255.254")],
    ids=["names everybody", "a parked zone", "we may not ask"],
)
def test_a_list_that_cannot_be_believed_is_ignored_and_that_is_logged_once(
    scan: Scan, scanners: Callable[..., Scanners], names: FakeDNS, name: str, code: str
) -> None:
    names.records["A", LISTED] = ["127.0.0.4"]
    names.records["A", name] = [code]
    engines = scanners(**using(names))
    with capture_logs() as logs:
        assert [scan(RAW, using=engines) for _ in range(2)] == [[], []]
    assert [(each["event"], each["zone"]) for each in logs] == [("dns_list_ignored", ZEN)]


def test_a_list_that_is_not_reached_leaves_mail_unscanned(scan: Scan, names: FakeDNS) -> None:
    names.failing = True
    assert scan(RAW, **using(names)) == [("UNSCANNED", f"{ZEN}: no answer from DNS")]


def test_a_list_that_is_silent_leaves_mail_unscanned(scan: Scan, names: FakeDNS) -> None:
    names.silent = True
    found = scan(RAW, scanner_seconds=0.3, **using(names))
    assert found == [("UNSCANNED", f"{ZEN}: no answer within 0.3 s")]


def test_each_list_has_the_weight_of_the_setting(
    scanners: Callable[..., Scanners], names: FakeDNS
) -> None:
    scanners(**using(names, f"{ZEN}=4.5, {DBL}"))
    symbols = [Symbol(f"DNS_LIST:{zone}") for zone in (ZEN, DBL)]
    assert judge(a_recipient(), BOB, symbols).score == pytest.approx(7.5)


@pytest.mark.parametrize(
    ("records", "well"),
    [
        ({TEST: ["127.0.0.2"]}, True),
        ({TEST: ["127.0.0.2"], EVERYBODY: ["127.0.0.2"]}, False),
        ({}, False),
    ],
    ids=["well", "names everybody", "gone"],
)
def test_a_list_is_well_if_it_names_its_test_entry_only(
    background: Background,
    scanners: Callable[..., Scanners],
    names: FakeDNS,
    records: dict[str, list[str]],
    well: bool,
) -> None:
    names.records.update({("A", name): codes for name, codes in records.items()})
    (health,) = background.run(scanners(**using(names)).health())
    assert (health.name, health.well) == (ZEN, well)
