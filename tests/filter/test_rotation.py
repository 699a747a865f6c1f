"""Keys of a domain as an operator makes, publishes and changes them."""

import re
from collections.abc import Callable
from datetime import timedelta

import click
import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet
from time_machine import Traveller

from filter.cli import COMMANDS
from filter.rotation import domain_dkim
from mailstore import domains, schema
from mailstore.sending import dkimkeys
from mailstore.sending.dkimkeys import DkimKey
from mailstore.settings import DKIM_RING
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import a_domain, as_environment
from tests.filter.domainkeys import MUSTER, zone_of
from tests.filter.names import FakeDNS

FITS, ABSENT = "DNS    The record is there and fits.", "DNS    There is no such record yet"
Run = Callable[..., Result]


@pytest.fixture
def run(store: Store, names: FakeDNS, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs `flask domain dkim` for Anna's domain."""
    known = as_environment(store.settings) | {"MAILHAFEN_DNS_SERVERS": f"127.0.0.1:{names.port}"}
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    schema.write_secrets(store.settings)
    with store.write() as db:
        a_domain(db, MUSTER)
    return lambda *words: CliRunner().invoke(domain_dkim, (MUSTER, *words))


def keys(store: Store) -> list[DkimKey]:
    with store.read() as db:
        return list(dkimkeys.keys_of(db, domains.named(db, MUSTER)))


def states(store: Store) -> str:
    """Return a sign for each key: it waits, signs, or is retired."""
    return "".join("w" if key.waits else "s" if key.signs else "r" for key in keys(store))


def publish(names: FakeDNS, *known: DkimKey) -> None:
    names.records.update(zone_of(known))


def test_the_first_keys_are_printed_as_they_are_pasted(run: Run, store: Store) -> None:
    done = run()
    assert (done.exit_code, done.output.count(ABSENT), states(store)) == (0, 2, "ww")
    for key in keys(store):
        assert f"Name   {key.selector}._domainkey.{MUSTER}\nType   TXT\n" in done.output
    strings = re.findall(r'"([^"]*)"', done.output)
    assert max(map(len, strings)) == 255
    assert "".join(strings) == "".join(key.record for key in keys(store))
    assert run().output == done.output


def test_a_key_signs_once_dns_has_it(run: Run, store: Store, names: FakeDNS) -> None:
    run()
    assert (run("--activate").exit_code, states(store)) == (1, "ww")
    publish(names, keys(store)[1])
    assert (run("--activate").exit_code, states(store)) == (1, "ws")
    publish(names, *keys(store))
    done = run("--activate")
    assert (done.exit_code, states(store), done.output.count(FITS)) == (0, "ss", 2)


@on_sqlite
def test_a_key_can_be_made_to_sign_unseen(run: Run, store: Store, names: FakeDNS) -> None:
    run()
    names.failing = True
    assert (run("--force").exit_code, states(store)) == (2, "ww")
    assert (run("--activate", "--force").exit_code, states(store)) == (1, "ss")


@on_sqlite
def test_a_record_of_another_key_is_none_of_ours(run: Run, store: Store, names: FakeDNS) -> None:
    run()
    rsa, curve = keys(store)
    rsa.public, curve.public = curve.public, rsa.public
    publish(names, rsa, curve)
    assert run("--activate").output.count("belongs to another key") == 2
    assert states(store) == "ww"


@on_sqlite
def test_keys_are_changed_without_a_gap(
    run: Run, store: Store, names: FakeDNS, clock: Traveller
) -> None:
    run()
    run("--activate", "--force")
    assert (run("--rotate").exit_code, states(store)) == (1, "ssww")
    assert "wait already" in run("--rotate").output
    publish(names, *keys(store))
    assert (run("--activate").exit_code, states(store)) == (0, "rrss")
    assert run().output.count("leave its record until 2026-12-08") == 2
    clock.shift(timedelta(days=15))
    assert (run("--prune").exit_code, states(store)) == (0, "ss")


@on_sqlite
def test_a_record_that_is_lost_while_its_key_signs_is_told(
    run: Run, store: Store, names: FakeDNS
) -> None:
    run()
    publish(names, *keys(store))
    assert (run("--activate").exit_code, run().exit_code) == (0, 0)
    names.records.clear()
    assert run().exit_code == 1


@on_sqlite
def test_a_domain_can_stop_signing_and_begin_anew(run: Run, store: Store) -> None:
    run()
    run("--activate", "--force")
    assert (run("--stop").exit_code, states(store)) == (0, "rr")
    run()
    assert states(store) == "rrww"


@on_sqlite
def test_a_lost_ring_is_told_and_signs_nothing(
    run: Run, store: Store, names: FakeDNS, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    publish(names, *keys(store))
    monkeypatch.setenv(DKIM_RING, Fernet.generate_key().decode())
    done = run("--activate", "--force")
    assert (done.exit_code, states(store)) == (1, "ww")
    assert f"State  {DKIM_RING} does not open" in done.output


@pytest.mark.parametrize(
    ("name", "said"),
    [("nowhere.example", "is not ours"), (f"{'a' * 60}.example", "at most 64")],
    ids=["foreign", "too long"],
)
@on_sqlite
def test_a_domain_that_cannot_sign_is_told_in_a_sentence(
    run: Run, store: Store, name: str, said: str
) -> None:
    with store.write() as db:
        a_domain(db, f"{'a' * 60}.example")
    done = CliRunner().invoke(domain_dkim, (name,))
    assert (done.exit_code, said in done.output) == (2, True)


def test_the_command_is_one_of_those_of_domains() -> None:
    (group,) = [each for each in COMMANDS if each.name == "domain"]
    assert isinstance(group, click.Group)
    assert {"dkim", "hop"} <= set(group.commands)
