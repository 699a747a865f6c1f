"""How fast people move in: a file of 10,000 with two aliases each, while mail goes on.

    python -m bench.imports
    python -m bench.imports --people 1000

Prints how long reading, planning and carrying out take, the longest write transaction, the reply to
the dot of mail before and meanwhile, and what a second run of the same file changes: nothing.
"""

import argparse
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import select
from sqlalchemy.orm import Session

from bench.installation import BY, USER, Installation
from bench.load import Load
from bench.measured import measure, say
from mailstore.addresses import Address
from mailstore.moving import asking, carrying, here, rows
from mailstore.moving.planning import Options, plan
from mailstore.moving.rows import Moving, MovingState
from mailstore.moving.wishes import wishes_of
from mailstore.realms import Realm
from mailstore.store import Store
from mailstore.tenants import Tenant

KB = 2**10
MAILS = 300


class Unheard:
    """Asks nobody: this process carries the file out in the worker's place, and takes the time."""

    def enqueue(self, name: str, *ids: int) -> None:
        """Ask for nothing."""

    def asked_again(self, _name: str, *_ids: int, seconds: float) -> bool:
        """Say that nobody did."""
        return seconds < 0


def main() -> int:
    """Move people in; 1 if not all of them came, or a second run changed something."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=10_000)
    args = parser.parse_args()
    with Installation() as it, closing(it.store()) as store:
        store.jobs = Unheard()
        _send(it, "alone")
        first = _run(it, store, args.people)
        again = _again(store, args.people)
    return 0 if first and again else 1


def _run(it: Installation, store: Store, people: int) -> bool:
    began = time.monotonic()
    row = _begun(store, people)
    read = time.monotonic() - began
    mail = threading.Thread(target=_send, args=(it, "meanwhile"))
    mail.start()
    began = time.monotonic()
    with _timed(store) as longest:
        carrying.move_in(store, row.id)
    took = time.monotonic() - began
    mail.join()
    done = _row(store, row.id)
    say(
        f"{done.added} people and {done.aliases} aliases: read and planned in {read:.1f} s, "
        f"carried out in {took:.1f} s, {done.added / took:.0f} people/s; "
        f"longest write {max(longest) * 1000:.0f} ms of {len(longest)}"
    )
    return done.state is MovingState.DONE and done.added == people


def _again(store: Store, people: int) -> bool:
    began = time.monotonic()
    row = _begun(store, people)
    carrying.move_in(store, row.id)
    done = _row(store, row.id)
    say(f"the same file again: {done.unchanged} unchanged, {time.monotonic() - began:.1f} s")
    return done.unchanged == people


def _begun(store: Store, people: int) -> Moving:
    """Return the row of a file that is read, planned and confirmed."""
    table = asking.read("\n".join(_lines(people)).encode())
    with store.read() as db:
        tenant_id = db.scalars(select(Tenant.id)).one()
        wishes, troubles = wishes_of(table.people)
        plan(wishes, here.everything(db, Realm(tenant_id)), Options())
    kept = rows.sealed(store, tenant_id, table)
    with store.write() as db:
        row = rows.begin(db, tenant_id, table, kept, "people.csv", by=BY)
        rows.confirm(db, row, Options(), [], troubles)
    return row


def _lines(people: int) -> Iterator[str]:
    domain = Address.parse(USER).domain
    yield "name;address;aliases;kind"
    for number in range(people):
        aliases = f"p{number}@{domain} person-{number}@{domain}"
        yield f"Person {number};person.{number}@{domain};{aliases};person"


def _row(store: Store, moving_id: int) -> Moving:
    with store.read() as db:
        return db.get_one(Moving, moving_id)


@contextmanager
def _timed(store: Store) -> Iterator[list[float]]:
    """Give the seconds that each write transaction of this process holds the rows."""
    found: list[float] = []
    write = store.write

    @contextmanager
    def timed() -> Iterator[Session]:
        with write() as db:
            db.connection()
            began = time.monotonic()
            yield db
        found.append(time.monotonic() - began)

    store.write = timed  # type: ignore[method-assign]  # what is measured is how long it is held
    yield found
    del store.write


def _send(it: Installation, when: str) -> None:
    load = Load(it.smtp, [USER], MAILS, 10 * KB, 5)
    measured = measure(load, it.sink)
    say(
        f"{when} {measured.taken} mails: reply to the dot {measured.reply(0.5):.0f} ms (p50), "
        f"{measured.reply(0.95):.0f} ms (p95)"
    )


if __name__ == "__main__":
    sys.exit(main())
