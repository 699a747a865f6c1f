import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from filter import cli
from mailstore import domains, mailboxes
from mailstore.addresses import Address
from mailstore.domains import Domain, Takes
from mailstore.lanes import Lane
from mailstore.naming.claims import DomainClaim
from mailstore.store import Store
from mailstore.ways import domain
from tests.factories import ANNA, a_mailbox, as_environment
from tests.filter.conftest import MakeSink
from tests.filter.names import FakeDNS

assert domain in cli.COMMANDS
DATABASES = ["sqlite"]
TENANT, HERE = "muster.example", "muster.example"


class Run:
    """Runs `flask domain`."""

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(domain, words)


@pytest.fixture
def run(store: Store, names: FakeDNS, monkeypatch: pytest.MonkeyPatch) -> Run:
    known = as_environment(store.settings) | {"MAILHAFEN_DNS_SERVERS": f"127.0.0.1:{names.port}"}
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    with store.write() as db:
        a_mailbox(db)
    return Run()


def row(store: Store, name: str) -> Domain:
    with store.read() as db:
        return domains.named(db, name)


def test_what_the_operator_adds_is_proven_and_may_lead_inside(run: Run, store: Store) -> None:
    assert run("add", TENANT, "new.example", "127.0.0.1:26").output == "Added new.example.\n"
    with store.read() as db:
        assert db.get_one(Lane, row(store, "new.example").lane_id).trusted
    assert run("add", TENANT, "alias.example", "--alias-of", HERE).exit_code == 0
    assert row(store, "alias.example").alias_of_id == row(store, HERE).id
    for words in (
        ("x.example",),
        ("x.example", "h:25", "--alias-of", HERE),
        ("NEW.example", "h:25"),
    ):
        assert run("add", TENANT, *words).exit_code == 2
    assert run("remove", "new.example").exit_code == 0
    assert run("remove", HERE).output.count("mailboxes (1)") == 1


def test_a_claim_is_checked_on_demand(run: Run, store: Store, names: FakeDNS) -> None:
    printed = run("add", TENANT, "new.example", "mail:25", "--claim").output
    assert run("check", "new.example").exit_code == 1
    with store.read() as db:
        claim = db.scalars(select(DomainClaim)).one()
    assert claim.record in printed
    names.records["TXT", claim.place] = [f'"{claim.record}"']
    assert "proven and added" in run("check", "NEW.example").output
    assert run("check", "new.example").exit_code == 2


def test_recipients_are_set(run: Run, store: Store) -> None:
    assert run("takes", HERE, "any").exit_code == run("catch-all", HERE, ANNA).exit_code == 0
    assert row(store, HERE).takes is Takes.ANY
    with store.read() as db:
        found = mailboxes.resolve(db, Address.parse(f"whoever@{HERE}"))
        anna = mailboxes.at(db, Address.parse(ANNA))
    assert found
    assert anna
    assert found.mailbox_id == anna.id
    assert run("catch-all", HERE, "nobody@there.example").exit_code == 2
    assert run("catch-all", HERE).exit_code == 0


def test_records_and_next_hops_are_shown(run: Run, a_sink: MakeSink) -> None:
    shown = run("dns", HERE)
    assert (shown.exit_code, "  publish  10 mailhafen.localhost." in shown.output) == (1, True)
    sink = a_sink({f"RCPT TO:<{ANNA}>": "250 ok", "RCPT": "550 5.1.1 nobody"})
    run("hop", HERE, f"127.0.0.1:{sink.port}")
    tried = run("test", HERE)
    assert (tried.exit_code, tried.output.count("good")) == (0, 4)
