from click import Group
from click.testing import CliRunner, Result

from mailstore.mailboxes import Mailbox
from mailstore.sending.commands import credential, relayer
from mailstore.store import Store
from tests.factories import ANNA, an_account, as_environment


def run(store: Store, group: Group, *args: str) -> Result:
    return CliRunner().invoke(group, args, env=as_environment(store.settings))


def test_a_credential_is_added_listed_and_removed(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        an_account(db, anna)
    added = run(store, credential, "add", "muster.example", "--name", "Scanner").output
    login = added.split()[1]
    assert run(store, credential, "add", ANNA).output.startswith(f"Name:   {ANNA}\nSecret: ")
    listed = run(store, credential, "list", "muster.example").output.splitlines()
    assert listed == [f"1  {login}  never used  Scanner", f"2  {ANNA}  never used"]
    assert run(store, credential, "remove", "1").exit_code == 0
    assert run(store, credential, "remove", "1").exit_code == 2


def test_a_network_is_added_listed_and_removed(store: Store, anna: Mailbox) -> None:
    args = ("muster.example", "192.0.2.0/28")
    said = "192.0.2.0/28 sends for muster.example.\n"
    assert run(store, relayer, "add", *args).output == said
    assert run(store, relayer, "add", *args).output == "It is listed already.\n"
    assert run(store, relayer, "add", "muster.example", "192.0.2.0/8").exit_code == 2
    assert run(store, relayer, "list", "muster.example").output == "192.0.2.0/28\n"
    assert run(store, relayer, "remove", *args).exit_code == 0
    assert run(store, relayer, "remove", *args).exit_code == 2
