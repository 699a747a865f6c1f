"""A file of people in its row, as tests of several modules want one."""

from collections.abc import Sequence

from mailstore.accounts import Account
from mailstore.moving import rows
from mailstore.moving.rows import Moving
from mailstore.moving.values import Form, Person, Table
from mailstore.store import Store

SOMEBODY = (Person(2, "new@muster.example", "Somebody New", ("alias@muster.example",)),)


def a_moving(
    store: Store, tenant_id: int, account: Account | None = None,
    people: Sequence[Person] = SOMEBODY,
) -> Moving:  # fmt: skip
    """Return a file that was read and can be looked at."""
    table = Table(Form.OWN, tuple(people))
    kept = rows.sealed(store, tenant_id, table)
    with store.write() as db:
        return rows.begin(db, tenant_id, table, kept, "../x.csv", by="beat", account=account)
