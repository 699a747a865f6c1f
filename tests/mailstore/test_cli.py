import re

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from mailstore import accounts, passwords, tenancy
from mailstore.accounts import Account, Role
from mailstore.cli import COMMANDS
from mailstore.domains import Domain, Takes
from mailstore.envelopes import MailClass
from mailstore.settings import Settings
from mailstore.store import Store
from tests.factories import ANNA, a_held_delivery, a_mailbox, an_accepted, as_environment

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

ACME = ["tenant", "add", "Acme", "--domain", "acme.example", "--next-hop", "127.0.0.1:25"]
GROUPS = {command.name: command for command in (*COMMANDS, *tenancy.COMMANDS)}


class Shell:
    """Runs a command as the operator does, in a data folder."""

    def __init__(self, settings: Settings) -> None:
        self._env = as_environment(settings)

    def __call__(self, *args: str, stdin: str = "", **env: str) -> Result:
        name, *rest = args
        return CliRunner().invoke(GROUPS[name], rest, input=stdin, env=self._env | env)


@pytest.fixture
def shell(store: Store) -> Shell:
    return Shell(store.settings)


def said(result: Result) -> str:
    return result.output.strip().splitlines()[-1]


def test_setup_makes_everything_and_may_run_again(settings: Settings) -> None:
    run = Shell(settings)
    for _ in range(2):
        result = run("setup", MAILHAFEN_SECRET_KEY="", MAILHAFEN_KEYS="")
        assert (result.exit_code, said(result)) == (0, f"Ready: {settings.data_dir}")
    assert run("check", MAILHAFEN_KEYS="").exit_code == 0
    assert (settings.data_dir / "keys").exists()


def test_a_customer_is_brought_in_by_three_commands(shell: Shell, store: Store) -> None:
    results = [
        shell(*ACME, "--language", "fr", "--recipients", "any"),
        shell("mailbox", "add", "anna@acme.example", "--alias", "ak@acme.example"),
        shell("account", "add", "anna@acme.example", "--password-stdin", stdin="long enough 1\n"),
    ]
    assert [said(result) for result in results] == [
        "Added Acme with acme.example.", "Added anna@acme.example.",
        "Added anna@acme.example as user.",
    ]  # fmt: skip
    with store.read() as db:
        assert db.scalars(select(Domain.takes)).one() is Takes.ANY
        account = accounts.find(db, "anna@acme.example")
    assert passwords.fits(account, "long enough 1")


def test_an_account_without_a_password_can_only_use_links(shell: Shell, store: Store) -> None:
    shell(*ACME)
    shell("mailbox", "add", "anna@acme.example")
    assert shell("account", "add", "anna@acme.example").exit_code == 0
    with store.read() as db:
        assert db.scalars(select(Account.password_hash)).one() is None


WRONG = {
    "tenant twice": ACME,
    "domain twice": ["tenant", "add", "New", *ACME[3:]],
    "no domain": [*ACME[:4], "not a domain", *ACME[5:]],
    "no port": [*ACME[:2], "New", "--domain", "new.example", "--next-hop", "mail.example"],
    "zone": ["tenant", "add", "New", "--domain", "new.example", *ACME[5:], "--zone", "Bern"],
    "mailbox twice": ["mailbox", "add", "anna@acme.example"],
    "mailbox elsewhere": ["mailbox", "add", "anna@else.example"],
    "no address": ["mailbox", "add", "anna"],
    "alias taken": ["mailbox", "add", "b@acme.example", "--alias", "anna@acme.example"],
    "alias is no address": ["mailbox", "add", "b@acme.example", "--alias", "b"],
    "alias elsewhere": ["mailbox", "add", "b@acme.example", "--alias", "b@else.example"],
    "account without a mailbox": ["account", "add", "b@acme.example"],
    "short password": ["account", "add", "anna@acme.example", "--password-stdin"],
}


@pytest.mark.parametrize("args", WRONG.values(), ids=WRONG)
def test_a_wrong_argument_ends_with_a_sentence(shell: Shell, args: list[str]) -> None:
    shell(*ACME)
    shell("mailbox", "add", "anna@acme.example")
    result = shell(*args, stdin="short\n")
    assert result.exit_code == 2
    assert said(result).endswith(".")
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "args",
    [["tenant", "add"], ["tenant", "add", "A", "--domain", "a.example"],
     [*ACME, "--language", "rm"], [*ACME, "--recipients", "some"], ["mailbox", "add"],
     ["account", "add", ANNA, "--role", "god"], ["setup", "now"]],
    ids=["no name", "no next hop", "language", "recipients", "no address", "role", "too many"],
)  # fmt: skip
def test_a_missing_argument_says_how_to_use_the_command(shell: Shell, args: list[str]) -> None:
    result = shell(*args)
    assert result.exit_code == 2
    assert result.output.startswith("Usage: ")


def test_nothing_is_half_done_when_a_part_is_wrong(shell: Shell, store: Store) -> None:
    shell(*ACME)
    shell("mailbox", "add", "b@acme.example", "--alias", "c@acme.example", "--alias", "wrong")
    assert shell("mailbox", "add", "c@acme.example").exit_code == 0
    assert shell("tenant", "add", "New", "--domain", "n.example", "--next-hop", "x").exit_code == 2
    assert shell("tenant", "add", "New", "--domain", "n.example", *ACME[5:]).exit_code == 0


@pytest.mark.parametrize(
    "args",
    [["check"], ACME, ["mailbox", "add", ANNA], ["account", "add", ANNA]],
    ids=lambda args: args[0],
)
def test_before_setup_every_command_asks_for_it(settings: Settings, args: list[str]) -> None:
    result = Shell(settings)(*args)
    assert result.exit_code == 2
    assert "run `flask setup`" in said(result)


@pytest.mark.parametrize("command", [["check"], ["setup"], ACME], ids=lambda args: args[0])
def test_a_misspelt_setting_is_said(shell: Shell, command: list[str]) -> None:
    result = shell(*command, MAILHAFEN_HOSTNAEM="x")
    assert (result.exit_code, said(result)) == (2, "Unknown settings: MAILHAFEN_HOSTNAEM.")


def test_setup_refuses_a_newer_schema_with_a_sentence(shell: Shell, store: Store) -> None:
    with store.write() as db:
        db.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    result = shell("setup")
    assert result.exit_code == 2
    assert said(result).endswith(".")


def test_check_says_that_everything_fits_or_what_does_not(shell: Shell, store: Store) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db)
    delivery = an_accepted(store, mailbox)
    result = shell("check")
    assert (result.exit_code, said(result)) == (0, "Everything fits.")
    for pack in store.settings.data_dir.glob("packs/*/*.pack"):
        pack.unlink()
    result = shell("check")
    assert (result.exit_code, said(result)) == (1, "1 findings.")
    assert result.output.startswith(f"message {delivery.message_id}: ")


@pytest.mark.parametrize(
    ("mail_class", "code"),
    [(MailClass.DANGEROUS, 0), (MailClass.PHISH, 0), (MailClass.VIRUS, 2)],
)
def test_an_operator_delivers_what_people_may_not_but_no_virus(
    shell: Shell, store: Store, mail_class: MailClass, code: int
) -> None:
    held = a_held_delivery(store, mail_class=mail_class)
    assert said(shell("quarantine", "list", ANNA)).startswith(f"{held.id}  {mail_class}  ")
    assert shell("quarantine", "release", str(held.id)).exit_code == code
    assert shell("quarantine", "release", str(held.id)).exit_code == 2


def test_the_first_start_makes_one_operator_and_no_password(shell: Shell, store: Store) -> None:
    first = shell("setup", "--operator", "root@ops.example")
    assert first.exit_code == 0
    code = re.search(r"once: ((?:[2-9A-Z]{4}-){3}[2-9A-Z]{4})", first.output)
    assert code
    with store.read() as db:
        root = accounts.named(db, "root@ops.example")
    assert (root.role, root.password_hash) == (Role.OPERATOR, None)
    again = shell("setup", "--operator", "eve@ops.example")
    assert (again.exit_code, "There is an operator already" in again.output) == (2, True)
    assert shell("setup").exit_code == 0


def test_mail_of_a_customer_is_taken_later_or_not_any_more(shell: Shell) -> None:
    assert shell(*ACME, "--preparing").exit_code == 0
    assert said(shell("tenant", "list")) == "Acme  preparing  1 domains  0 mailboxes"
    assert "There are no people yet." in shell("tenant", "state", "Acme", "live").output
    shell("mailbox", "add", "anna@acme.example")
    for state in ("live", "suspended", "live", "preparing"):
        result = shell("tenant", "state", "Acme", state)
        assert (result.exit_code, said(result)) == (0, f"Acme is {state}.")
    assert shell("tenant", "state", "Acme", "preparing").exit_code == 2
