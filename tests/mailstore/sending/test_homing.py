from click.testing import CliRunner, Result

from mailstore.mailboxes import Mailbox
from mailstore.sending import homecomings
from mailstore.sending.homing import homecoming
from mailstore.store import Store
from tests.factories import ANNA, NOON, as_environment
from tests.mailstore.sending.written import home_of, send


def run(store: Store, *args: str) -> Result:
    return CliRunner().invoke(homecoming, args, env=as_environment(store.settings))


def test_what_is_not_home_is_listed_with_its_reason_and_tried_again(
    store: Store, anna: Mailbox
) -> None:
    message = send(store, anna, at=NOON)
    with store.write() as db:
        (row,) = homecomings.claim_due(db, anna.id, 9)
        homecomings.give_up(db, row, "full")
    said = f"2026-11-24 12:00 UTC  {ANNA}  {message.public_id}  given_up, new, 1 tries: full\n"
    assert run(store, "list").output == said
    assert run(store, "try", ANNA).output == "1 messages are tried again.\n"
    assert home_of(store, message).attempts == 0
    assert run(store, "try").exit_code == 0
    assert run(store, "try", "nobody@muster.example").exit_code == 2
