import pytest
from click.testing import CliRunner, Result

from mailstore import accounts, mailboxes, passwords, sessions
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.cli import account, mailbox
from mailstore.codes import CodeKind
from mailstore.domains import Domain
from mailstore.helping import COMMANDS
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.ways import domain
from tests import tries
from tests.factories import ANNA, a_mailbox, an_account, as_environment

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

NEW = "three wet umbrellas"
assert account in COMMANDS


def run(store: Store, *args: str, stdin: str = "") -> Result:
    group = domain if args[0] == "domain" else account
    environment = as_environment(store.settings)
    return CliRunner().invoke(group, args[1:], input=stdin, env=environment)


@pytest.fixture
def anna(store: Store) -> Account:
    with store.write() as db:
        return an_account(db, a_mailbox(db, name="Anna Keller"))


@pytest.fixture
def token(store: Store, anna: Account) -> str:
    with store.write() as db:
        return sessions.start(db, anna, "Firefox")


def now_of(store: Store, token: str = "") -> tuple[Account, bool]:
    with store.read() as db:
        return accounts.named(db, ANNA), tries.account_of(db, token) is not None


def test_an_operator_makes_an_emergency_code(store: Store, anna: Account) -> None:
    result = run(store, "account", "code", ANNA)
    code = result.output.strip().splitlines()[-1]
    assert result.exit_code == 0
    with store.write() as db:
        assert tries.use_code(db, anna.id, CodeKind.EMERGENCY, code)


def test_an_operator_sets_a_password_whereupon_sessions_end(
    store: Store, anna: Account, token: str
) -> None:
    result = run(store, "account", "password", ANNA, "--password-stdin", stdin=f"{NEW}\n")
    assert result.exit_code == 0
    assert NEW not in result.output
    account, signed_in = now_of(store, token)
    assert passwords.fits(account, NEW)
    assert not signed_in


@pytest.mark.parametrize("weak", ["short", "qwertyuiop", "annakeller"])
def test_a_weak_password_is_refused_with_a_sentence(store: Store, anna: Account, weak: str) -> None:
    result = run(store, "account", "password", ANNA, "--password-stdin", stdin=f"{weak}\n")
    assert (result.exit_code, result.output.strip()[-1]) == (2, ".")
    assert weak not in result.output
    assert now_of(store)[0].password_hash is None


def test_a_role_and_being_switched_off_end_sessions(
    store: Store, anna: Account, token: str
) -> None:
    assert run(store, "account", "role", ANNA, "quarantine_admin").exit_code == 0
    account, signed_in = now_of(store, token)
    assert (account.role, signed_in) == (Role.QUARANTINE_ADMIN, False)
    assert run(store, "account", "disable", ANNA).exit_code == 0
    assert not now_of(store)[0].active
    assert run(store, "account", "enable", ANNA).exit_code == 0
    assert now_of(store)[0].active


@pytest.mark.parametrize("command", [["code"], ["password", "--password-stdin"], ["disable"],
                                     ["enable"]], ids=lambda each: each[0])  # fmt: skip
def test_whom_nobody_knows_ends_with_a_sentence(store: Store, command: list[str]) -> None:
    name, *options = command
    result = run(store, "account", name, "nobody@muster.example", *options, stdin=f"{NEW}\n")
    assert result.exit_code == 2
    assert "There is no account" in result.output


@pytest.mark.parametrize(
    ("options", "on"),
    [(["--sign-in"], True), (["--no-sign-in"], False), ([], False)],
    ids=["on", "off", "not said"],
)
def test_a_domain_lets_people_sign_in_with_their_mail_password(
    store: Store, anna: Account, options: list[str], on: bool
) -> None:
    assert (
        run(store, "domain", "imap", "muster.example", "imap.example:993", *options).exit_code == 0
    )
    with store.read() as db:
        assert db.get_one(Domain, 1).imap_sign_in is on


def test_what_was_switched_on_stays_on_with_another_server(store: Store, anna: Account) -> None:
    run(store, "domain", "imap", "muster.example", "imap.example:993", "--sign-in")
    run(store, "domain", "imap", "muster.example", "other.example:993")
    with store.read() as db:
        assert db.get_one(Domain, 1).imap_sign_in


@pytest.fixture
def shared(store: Store) -> Mailbox:
    """Return a mailbox that nobody owns."""
    with store.write() as db:
        return a_mailbox(db, "info@muster.example")


def uses(store: Store, shared: Mailbox) -> bool:
    with store.read() as db:
        return shared.id in (accounts.scope_of(db, accounts.named(db, ANNA)).mailbox_ids or ())


def delegate(store: Store, *args: str) -> Result:
    return CliRunner().invoke(mailbox, ["delegate", *args], env=as_environment(store.settings))


def test_a_delegate_uses_a_mailbox_until_that_is_taken_back(
    store: Store, anna: Account, shared: Mailbox
) -> None:
    for _ in range(2):
        assert delegate(store, shared.address, anna.email).exit_code == 0
        assert uses(store, shared)
    delegate(store, shared.address, anna.email, "--remove")
    assert not uses(store, shared)


def test_what_is_ones_own_is_not_taken_away_as_from_a_delegate(store: Store, anna: Account) -> None:
    assert "already" in delegate(store, ANNA, anna.email, "--remove").output
    with store.read() as db:
        assert accounts.scope_of(db, anna).mailbox_ids


def test_nobody_becomes_a_delegate_in_another_tenant(store: Store, anna: Account) -> None:
    with store.write() as db:
        a_mailbox(db, "eve@elsewhere.example")
    assert "not of the same tenant" in delegate(store, "eve@elsewhere.example", anna.email).output


def test_a_mailbox_that_is_not_there_has_no_delegates(store: Store, anna: Account) -> None:
    assert "There is no mailbox" in delegate(store, "none@muster.example", anna.email).output


def test_an_alias_is_added_and_moved_by_a_command(store: Store) -> None:
    alias, env = "offers@muster.example", as_environment(store.settings)
    with store.write() as db:
        first, second = a_mailbox(db), a_mailbox(db, "beat@muster.example")
    for address, more in ((first.address, []), (second.address, ["--move"])):
        said = CliRunner().invoke(mailbox, ["alias", address, alias, *more], env=env)
        assert (said.exit_code, said.output) == (0, f"{alias} leads to {address}.\n")
    with store.read() as db:
        found = mailboxes.at(db, Address.parse(alias))
        assert found is not None
        assert found.id == second.id
