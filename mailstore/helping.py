"""Commands for accounts: codes, passwords, roles, on or off, and who may use whose mailbox."""

import sys

import click
from sqlalchemy.orm import Session

from mailstore import accounts, codes, domains, hashing, mailboxes, onboarding, passwords, roles
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.cli import OPERATOR, account, mailbox, open_store, speaks
from mailstore.codes import CodeKind
from mailstore.errors import NotFound
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.tenants import Tenant


def typed(store: Store, known: Account, tenant: Tenant | None) -> str:
    """Return the hash of the password on standard input, or raise WeakPassword."""
    password = sys.stdin.readline().rstrip("\r\n")
    words = passwords.words_about(known, tenant)
    return hashing.hashed(passwords.check(password, words, store.settings.breached_passwords))


@account.command("code")
@click.argument("address")
@speaks
def account_code(address: str) -> None:
    """Print an emergency code: it signs the person in once, within a year."""
    store, made = open_store(), codes.fresh(CodeKind.EMERGENCY)
    with store.write() as db:
        found = accounts.named(db, address)
        text = codes.make_emergency(db, found, by=OPERATOR, made=made)
    click.echo(text)


@account.command("password")
@click.argument("address")
@click.option("--password-stdin", is_flag=True, required=True, help="Read it from there.")
@speaks
def account_password(address: str, password_stdin: bool) -> None:  # noqa: ARG001 (it must be said)
    """Set a password; all sessions of the account end."""
    store = open_store()
    with store.read() as db:
        found = accounts.named(db, address)
        tenant = db.get(Tenant, found.tenant_id) if found.tenant_id else None
    hashed = typed(store, found, tenant)
    with store.write() as db:
        passwords.set_hash(db, found, hashed, by=OPERATOR)
    click.echo(f"{address} has a new password.")


@account.command("role")
@click.argument("address")
@click.argument("role", type=click.Choice([each.value for each in Role if each != Role.OPERATOR]))
@click.option("--domain", "names", multiple=True, help="Of domain_admin: which; repeatable.")
@speaks
def account_role(address: str, role: str, names: tuple[str, ...]) -> None:
    """Say what an account may administer; all its sessions end."""
    with open_store().write() as db:
        theirs = {domains.named(db, each).id for each in names}
        roles.set_role(db, accounts.named(db, address), Role(role), theirs, by=OPERATOR)
    click.echo(f"{address} is {role}.")


@account.command("disable")
@click.argument("address")
@speaks
def account_disable(address: str) -> None:
    """Let nobody sign in with an account any more, from now on."""
    with open_store().write() as db:
        roles.set_active(db, accounts.named(db, address), on=False, by=OPERATOR)
    click.echo(f"{address} is switched off.")


@account.command("enable")
@click.argument("address")
@speaks
def account_enable(address: str) -> None:
    """Let an account sign in again."""
    with open_store().write() as db:
        roles.set_active(db, accounts.named(db, address), on=True, by=OPERATOR)
    click.echo(f"{address} can sign in.")


@mailbox.command("delegate")
@click.argument("address")
@click.argument("who", metavar="ACCOUNT")
@click.option("--remove", is_flag=True, help="Not any more.")
@speaks
def mailbox_delegate(address: str, who: str, remove: bool) -> None:
    """Let somebody use the mail of a mailbox as well, of a shared one or of a colleague."""
    act = accounts.remove_delegate if remove else accounts.add_delegate
    with open_store().write() as db:
        found = _mailbox(db, address)
        done = act(db, accounts.named(db, who), found, by=OPERATOR)
    may = "may not use" if remove else "may use"
    click.echo(f"{who} {may} {address}{'' if done else ' already'}.")


@mailbox.command("alias")
@click.argument("address")
@click.argument("alias")
@click.option("--move", is_flag=True, help="It leads to another mailbox until now.")
@speaks
def mailbox_alias(address: str, alias: str, move: bool) -> None:
    """Lead another address to a mailbox; mail that came before stays where it came to."""
    with open_store().write() as db:
        found = _mailbox(db, address)
        if move:
            onboarding.move_alias(db, Address.parse(alias), found, by=OPERATOR)
        else:
            onboarding.add_alias(db, found, Address.parse(alias), by=OPERATOR)
    click.echo(f"{alias} leads to {address}.")


def _mailbox(db: Session, address: str) -> Mailbox:
    found = mailboxes.at(db, Address.parse(address))
    if found is None:
        raise NotFound(f"There is no mailbox '{address}'.")
    return found


COMMANDS: tuple[click.Command, ...] = (account,)
