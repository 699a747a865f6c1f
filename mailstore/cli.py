"""Commands of an operator that touch rows only: setup, check, tenant, mailbox, account."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import click
from sqlalchemy import select, true

from mailstore import (
    accounts,
    checking,
    codes,
    firststart,
    heldlist,
    mailboxes,
    onboarding,
    passwords,
    policies,
    rights,
    schema,
    tenants,
)
from mailstore import quarantine as held_mail
from mailstore.accounts import Role
from mailstore.addresses import Address
from mailstore.codes import CodeKind
from mailstore.domains import Domain, Takes
from mailstore.errors import BadAddress, MailhafenError, NotFound
from mailstore.heldlist import Search
from mailstore.mailboxes import MailboxKind
from mailstore.pages import Page
from mailstore.scope import EVERYBODY, Scope
from mailstore.sending import heldout
from mailstore.settings import Settings
from mailstore.store import Store
from mailstore.tenants import LANGUAGES, Tenant, TenantState

OPERATOR = "operator"
USAGE = 2
LARGEST_NUMBER = 2**63 - 1


def sentence(error: MailhafenError) -> str:
    """Return what a person is told of an error."""
    return f"'{error}' is not a mail address." if isinstance(error, BadAddress) else str(error)


def fail(text: str) -> NoReturn:
    """End a command with a sentence and code 2."""
    click.echo(text, err=True)
    sys.exit(USAGE)


def speaks(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn our own exceptions into a sentence and exit code 2."""

    @wraps(command)
    def spoken(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except MailhafenError as error:
            fail(sentence(error))

    return spoken


def open_store() -> Store:
    """Return the store that the environment names; it is closed when the command ends."""
    store = Store.open(Settings.load())
    click.get_current_context().call_on_close(store.close)
    return store


@click.command()
@click.option("--operator", "address", default="", help="Who administers it: only the first time.")
@speaks
def setup(address: str) -> None:
    """Make or upgrade everything in the data folder; may be run again."""
    settings = Settings.load()
    schema.write_secrets(settings)
    schema.migrate(settings)
    store = open_store()
    store.ring  # noqa: B018 (reading it proves the keys)
    with store.write() as db:
        policies.seed(db)
    _begin(store, address)
    click.echo(f"Ready: {settings.data_dir}")


def _begin(store: Store, address: str) -> None:
    """Make the first operator, whose address a person at a terminal is asked for."""
    with store.read() as db:
        known = firststart.has_operator(db)
    if not known and not address and sys.stdin.isatty():
        asked = "Mail address of the operator, who brings customers in (empty: later)"
        address = click.prompt(asked, default="", show_default=False)
    if not address:
        return
    parsed, made = Address.parse(address), codes.fresh(CodeKind.EMERGENCY)
    with store.write() as db:
        code = firststart.make_operator(db, parsed, made, by=OPERATOR)
    if code is None:
        fail("There is an operator already; `flask account add --role operator` adds another.")
    click.echo(f"{parsed} signs in at {store.settings.base_url} with this code, once: {code}")


@click.command()
@speaks
def check() -> None:
    """Walk rows and packs and print what does not fit; exit code 1 if anything."""
    found = 0
    for line in checking.findings(open_store()):
        click.echo(line)
        found += 1
    click.echo("Everything fits." if not found else f"{found} findings.")
    sys.exit(1 if found else 0)


@click.group()
def tenant() -> None:
    """Manage customers."""


@tenant.command("add")
@click.argument("name")
@click.option("--domain", required=True, help="Its mail domain.")
@click.option(
    "--next-hop",
    required=True,
    metavar="ROUTE",
    help="Its own mail server, HOST:PORT, or more (see `flask domain hop`).",
)
@click.option("--language", default="de", type=click.Choice(LANGUAGES))
@click.option("--zone", default="Europe/Zurich", help="What nine o'clock means there.")
@click.option(
    "--recipients",
    default="known",
    type=click.Choice([takes.value for takes in Takes]),
    help="Take mail to known addresses only, to any, or to those that the next hop knows "
    "(unknown ones go to the catch-all).",
)
@click.option("--preparing", is_flag=True, help="Take no mail before `flask tenant state`.")
@speaks
def tenant_add(
    name: str, domain: str, next_hop: str, preparing: bool, recipients: str, **spoken: str
) -> None:
    """Add a customer with its domain and next hop."""
    with open_store().write() as db:
        added = onboarding.add_tenant(db, name, by=OPERATOR, **spoken)
        added.state = TenantState.PREPARING if preparing else TenantState.LIVE
        onboarding.add_domain(db, added, domain, next_hop, Takes(recipients), by=OPERATOR)
    click.echo(f"Added {name} with {domain}.")


@click.group()
def mailbox() -> None:
    """Manage people's mail."""


@mailbox.command("add")
@click.argument("address")
@click.option("--alias", "aliases", multiple=True, help="Another address of it; repeatable.")
@click.option("--name", default="", help="The person's name.")
@click.option("--shared", is_flag=True, help="Nobody's own: let people use it as delegates.")
@speaks
def mailbox_add(address: str, aliases: tuple[str, ...], name: str, shared: bool) -> None:
    """Add a mailbox and its aliases."""
    parsed = Address.parse(address)
    with open_store().write() as db:
        domain = db.scalar(select(Domain).where(Domain.name == parsed.domain))
        if domain is None:
            raise NotFound(f"The domain '{parsed.domain}' is not ours: add its tenant first.")
        owner = db.get_one(Tenant, domain.tenant_id)
        added = onboarding.add_mailbox(db, owner, domain, parsed, name=name, by=OPERATOR)
        added.kind = MailboxKind.SHARED if shared else MailboxKind.PERSON
        for alias in aliases:
            onboarding.add_alias(db, added, Address.parse(alias), by=OPERATOR)
    click.echo(f"Added {parsed}.")


@click.group()
def account() -> None:
    """Manage who can sign in."""


@account.command("add")
@click.argument("address")
@click.option("--role", default="user", type=click.Choice([role.value for role in Role]))
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@speaks
def account_add(address: str, role: str, password_stdin: bool) -> None:
    """Add an account; without a password it can only use report links."""
    parsed, store, hashed = Address.parse(address), open_store(), None
    if password_stdin:
        password, listed = sys.stdin.readline().rstrip("\r\n"), store.settings.breached_passwords
        words = [parsed.key, parsed.local, *parsed.domain.split(".")]
        hashed = passwords.hash_password(passwords.check(password, words, listed))
    with store.write() as db:
        accounts.add_account(db, parsed, Role(role), hashed, by=OPERATOR)
    click.echo(f"Added {parsed} as {role}.")


@click.group()
def quarantine() -> None:
    """Manage held mail that people may not deliver themselves."""


@quarantine.command("list")
@click.argument("address")
@speaks
def quarantine_list(address: str) -> None:
    """List what is held for a mailbox: number, class, author and subject."""
    with open_store().read() as db:
        recipient = mailboxes.resolve(db, Address.parse(address))
        if recipient is None or recipient.mailbox_id is None:
            raise NotFound(f"There is no mailbox '{address}'.")
        scope = Scope(recipient.tenant_id, frozenset({recipient.mailbox_id}))
        for held in heldlist.listed(db, Search(scope, true()), Page()).lines:
            message = held.message
            click.echo(f"{held.id}  {held.mail_class}  {message.author}  {message.subject}")


@quarantine.command("outgoing")
@click.argument("tenant")
@speaks
def quarantine_outgoing(tenant: str) -> None:
    """List what a tenant's people wrote and is held: number, class, author, subject, for whom."""
    with open_store().read() as db:
        for held in heldout.listed(db, tenants.named(db, tenant), Page()):
            delivery, message = held.delivery, held.delivery.message
            about = f"{delivery.id}  {delivery.mail_class}  {message.author}  {message.subject}"
            click.echo(f"{about}  → {', '.join(held.recipients)}")


@quarantine.command("delete")
@click.argument("number", type=click.IntRange(1, LARGEST_NUMBER))
@speaks
def quarantine_delete(number: int) -> None:
    """Take one held mail out of quarantine without delivering it."""
    with open_store().write() as db:
        deleted = held_mail.delete(db, EVERYBODY, number, by=OPERATOR)
    if not deleted:
        raise NotFound(f"No mail {number} is held.")
    click.echo("It is deleted.")


@quarantine.command("release")
@click.argument("number", type=click.IntRange(1, LARGEST_NUMBER))
@speaks
def quarantine_release(number: int) -> None:
    """Deliver one held mail after a look at it; a virus stays."""
    with open_store().write() as db:
        released = held_mail.release(
            db, EVERYBODY, number, by=OPERATOR, may=rights.of_classes(held_mail.BY_ADMINISTRATOR)
        )
    if not released:
        raise NotFound(f"No mail {number} is held that can be delivered.")
    click.echo("It is scanned once more, and then it is on its way.")


COMMANDS: tuple[click.Command, ...] = (
    setup,
    check,
    tenant,
    mailbox,
    account,
    quarantine,
)
