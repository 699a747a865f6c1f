"""The commands for the ways of mail, as an operator types them."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from mailstore import ways
from mailstore.accounts import Account
from mailstore.cli import account, tenant
from mailstore.deliveries import Delivery
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import ANNA, a_mailbox, an_accepted, as_environment

NAME = "muster.example"


@pytest.fixture
def anna(store: Store, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """Return Anna's mailbox in the store that commands open."""
    for name, value in as_environment(store.settings).items():
        monkeypatch.setenv(name, value)
    with store.write() as db:
        return a_mailbox(db)


def run(group: object, *words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(group, words, input=stdin)  # type: ignore[arg-type]  # a group


def domain_of(store: Store, anna: Mailbox) -> Domain:
    with store.read() as db:
        return db.get_one(Domain, anna.domain_id)


def test_where_mail_goes_is_listed_with_what_waits(store: Store, anna: Mailbox) -> None:
    an_accepted(store, anna)
    with store.read() as db:
        name = db.get_one(Tenant, anna.tenant_id).name
    said = run(ways.domain, "list", name).output
    assert re.search(r"muster\.example  \S+:\d+  well, 1 waiting", said)


def test_mail_is_handed_on_elsewhere(store: Store, anna: Mailbox) -> None:
    waiting = an_accepted(store, anna)
    assert run(ways.domain, "hop", NAME, "lmtp:mail.example:24").exit_code == 0
    with store.read() as db:
        assert db.get_one(Delivery, waiting.id).lane_id == domain_of(store, anna).lane_id


@pytest.mark.parametrize(
    "words",
    [("hop", NAME, "nowhere"), ("hop", "other.example", "a.example:25"), ("list", "Nobody")],
    ids=["no route", "no domain", "no tenant"],
)
def test_what_cannot_be_is_said_in_a_sentence(anna: Mailbox, words: tuple[str, ...]) -> None:
    said = run(ways.domain, *words)
    assert said.exit_code == 2
    assert "Traceback" not in said.output


def test_delivery_is_held_and_resumed(store: Store, anna: Mailbox) -> None:
    assert "stays here until" in run(ways.domain, "hold", NAME, "--hours", "2").output
    assert domain_of(store, anna).held_until is not None
    run(ways.domain, "resume", NAME)
    assert domain_of(store, anna).held_until is None


def test_a_masters_password_is_kept_wrapped(store: Store, anna: Mailbox, tmp_path: Path) -> None:
    run(
        ways.domain, "imap", NAME, "mail.example:993", "--master", "root", "--password-stdin",
        stdin="geheim\n",
    )  # fmt: skip
    kept = domain_of(store, anna)
    assert (kept.imap_server, kept.imap_master) == ("mail.example:993", "root")
    assert "geheim" not in kept.imap_secret
    assert store.ring.unwrap(kept.imap_secret) == b"geheim"


def test_a_program_is_told_and_its_secret_is_printed_once(store: Store, anna: Mailbox) -> None:
    with store.read() as db:
        name = db.get_one(Tenant, anna.tenant_id).name
    said = run(tenant, "webhook", name, "https://hooks.example/x").output
    assert re.search(r"Secret: whsec_[\w+/=]{40,}", said)
    assert run(tenant, "webhook", name, "https://hooks.example:99999/x").exit_code == 2
    with store.read() as db:
        assert db.get_one(Tenant, anna.tenant_id).webhook_url == "https://hooks.example/x"


def test_a_person_is_told_at_a_private_address(store: Store, anna: Mailbox) -> None:
    run(account, "add", ANNA)
    assert run(account, "private", ANNA, "anna@home.example").exit_code == 0
    assert run(account, "private", ANNA, "x@muster.example").exit_code == 2
    with store.read() as db:
        kept = db.scalar(select(Account.private_address))
    assert kept == "anna@home.example"
