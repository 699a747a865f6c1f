"""What pages about moving in show: files of people, unknown addresses, a mailbox without mail."""

from datetime import timedelta

from mailstore import accounts, clock
from mailstore.addresses import Address
from mailstore.moving import carrying, knocks, rows
from mailstore.moving.knocks import Heard
from mailstore.moving.planning import Options
from mailstore.moving.values import Person
from mailstore.moving.wishes import wishes_of
from mailstore.store import Store
from tests.factories import BEAT, a_mailbox
from tests.mailstore.moving.moved import a_moving

HERE = "muster.example"
PEOPLE = (
    Person(2, f"gina@{HERE}", "Gina Favre", (f"g.favre@{HERE}", "gina@before.example")),
    Person(3, f"anna@{HERE}", "Anna Keller-Frei"),
    Person(4, f"support@{HERE}", "Support", shared=True),
    Person(5, "x@elsewhere.example"),
    Person(6, "none at all"),
)


def seed(store: Store) -> dict[str, object]:
    """Add a file that is carried out and one that is not yet, and what is to be decided about."""
    with store.write() as db:
        knocks.record(
            db, {Address(each, HERE): Heard(3, {"there.example"}) for each in ("a.keller", "info")}
        )
        a_mailbox(db, f"old@{HERE}", name="Old").heard_at = clock.now() - timedelta(days=200)
        beat = accounts.named(db, BEAT)
    tenant_id = beat.tenant_id or 0
    done = a_moving(store, tenant_id, beat, PEOPLE[3:] + PEOPLE[:1])
    with store.write() as db:
        rows.confirm(db, done, Options(), [], wishes_of(PEOPLE)[1])
    carrying.move_in(store, done.id)
    return {"moving_id": a_moving(store, tenant_id, beat, PEOPLE).id, "moved": done.id}
