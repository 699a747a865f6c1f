import pytest

from filter.naming.looking import look_at_dns, spf_terms
from mailstore import schema
from mailstore.domains import Domain
from mailstore.naming import checks
from mailstore.naming.checks import CheckKind, DomainCheck, Task
from mailstore.naming.faults import Fault, Grade
from mailstore.naming.findings import Record
from mailstore.sending import dkimkeys
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import a_domain
from tests.filter.domainkeys import MUSTER, zone_of
from tests.filter.names import FakeDNS


@pytest.fixture
def domain(store: Store, names: FakeDNS) -> Domain:
    update = {"dns_servers": f"127.0.0.1:{names.port}", "outgoing_addresses": "192.0.2.9"}
    store.settings = store.settings.model_copy(update=update)
    schema.write_secrets(store.settings)
    with store.write() as db:
        return a_domain(db, MUSTER)


def looked(store: Store, domain: Domain, task: Task = Task.LOOK) -> DomainCheck:
    with store.write() as db:
        check = checks.of_domain(db, domain.id, CheckKind.DNS)
        if check is not None:
            check.asked_at -= checks.PAUSE
    with store.write() as db:
        check_id = checks.ask(db, domain, CheckKind.DNS, task, by="anna")
    assert check_id is not None
    look_at_dns(store, check_id)
    look_at_dns(store, check_id)
    with store.read() as db:
        return db.get_one(DomainCheck, check_id)


def grades(check: DomainCheck) -> dict[Record, Grade]:
    return {each.record: each.grade for each in check.findings}


def publish(names: FakeDNS) -> None:
    names.records |= {
        ("MX", MUSTER): ["10 mx.mailhafen.test."],
        ("TXT", MUSTER): ['"v=spf1 include:spf.other.example ip4:192.0.2.9 -all"'],
        ("TXT", "spf.other.example"): ['"v=spf1 ip4:198.51.100.1 -all"'],
        ("TXT", f"_dmarc.{MUSTER}"): ['"v=DMARC1; p=reject; rua=mailto:d@muster.example"'],
        ("TXT", f"_smtp._tls.{MUSTER}"): ['"v=TLSRPTv1; rua=mailto:t@muster.example"'],
    }


def test_what_is_not_published_is_missing_and_what_is_there_is_good(
    store: Store, names: FakeDNS, domain: Domain
) -> None:
    check = looked(store, domain)
    missing, optional = Grade.MISSING, Grade.ADVICE
    assert grades(check) == {
        Record.MX: missing, Record.SPF: missing, Record.DKIM: missing, Record.DMARC: missing,
        Record.STS: optional, Record.TLS_RPT: optional,
    }  # fmt: skip
    assert check.found["addresses"] == ["192.0.2.9"]
    names.records["TXT", "_dmarc.example"] = ['"v=DMARC1; p=reject; rua=mailto:d@example"']
    assert grades(looked(store, domain))[Record.DMARC] is Grade.GOOD
    publish(names)
    found = grades(looked(store, domain))
    assert {each for each, grade in found.items() if grade is Grade.GOOD} == {
        Record.MX, Record.SPF, Record.DMARC, Record.TLS_RPT,
    }  # fmt: skip


@on_sqlite
def test_a_silent_name_server_is_told_and_nothing_is_missing(
    store: Store, names: FakeDNS, domain: Domain
) -> None:
    names.failing = True
    found = looked(store, domain)
    assert {each for record, each in grades(found).items() if record is not Record.DKIM} == {
        Grade.UNKNOWN
    }


def test_keys_are_made_and_sign_once_dns_has_them(
    store: Store, names: FakeDNS, domain: Domain
) -> None:
    def signs() -> list[bool]:
        with store.read() as db:
            return [key.signs for key in dkimkeys.keys_of(db, domain)]

    looked(store, domain, Task.KEYS)
    assert grades(looked(store, domain, Task.SIGN))[Record.DKIM] is Grade.MISSING
    assert signs() == [False, False]
    with store.read() as db:
        names.records.update(zone_of(dkimkeys.keys_of(db, domain)))
    waiting = [each for each in looked(store, domain).findings if each.record is Record.DKIM]
    assert {each.said[0].fault for each in waiting} == {Fault.DKIM_READY}
    assert grades(looked(store, domain, Task.SIGN))[Record.DKIM] is Grade.GOOD
    assert signs() == [True, True]


@on_sqlite
def test_an_announced_policy_that_nobody_can_read_is_wrong(
    store: Store, names: FakeDNS, domain: Domain
) -> None:
    names.records[("TXT", f"_mta-sts.{MUSTER}")] = ['"v=STSv1; id=1"']
    names.records[("A", f"mta-sts.{MUSTER}")] = ["127.0.0.1"]
    (found,) = [each for each in looked(store, domain).findings if each.record is Record.STS]
    assert found.said[0].fault is Fault.STS_UNREADABLE
    assert "not allowed" in found.said[0].about["why"]


@on_sqlite
def test_who_asks_again_at_once_waits(store: Store, domain: Domain) -> None:
    with store.write() as db:
        assert checks.ask(db, domain, CheckKind.DNS, by="anna")
        assert checks.ask(db, domain, CheckKind.DNS, by="anna") is None
        assert checks.ask(db, domain, CheckKind.HOP, by="anna")


@pytest.mark.parametrize(
    ("include", "addresses", "terms"),
    [
        ("_spf.Us.example", ["192.0.2.9"], ["include:_spf.us.example"]),
        ("", ["192.0.2.9", "2001:db8::9"], ["ip4:192.0.2.9", "ip6:2001:db8::9"]),
        ("", [], ["a:mx.mailhafen.test"]),
    ],
)
@on_sqlite
def test_what_lets_us_send_follows_from_settings(
    store: Store, include: str, addresses: list[str], terms: list[str]
) -> None:
    settings = store.settings.model_copy(update={"spf_include": include})
    assert spf_terms(settings, addresses) == terms
