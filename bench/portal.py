"""How fast the portal answers beside many mails: `python -m bench.portal`.

    python -m bench.portal --database postgresql --path /webmail/

Fills a store, starts gunicorn as `flask serve` does, and lets eight people ask for one page.
Prints a line for each database: requests per second, how long they took, processor time.
"""

import argparse
import contextlib
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import select
from sqlalchemy.orm import Session

from bench.filling import fill
from bench.installation import USER, Installation
from bench.measured import say
from bench.processes import Usage
from bench.visitors import Visitors
from mailstore import accounts, sessions
from mailstore.pages import SIZE
from mailstore.store import Store
from tests.postgres import Postgres

DATABASES = ("sqlite", "postgresql")
FOLDERS = ("/usr/sbin", "/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin")))
ROW = b'class="mail-link"'
WARM_UP = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the databases; raises WrongAnswer if a page is not what it should be."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--database", choices=DATABASES, help="only this one")
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    parser.add_argument("--held", type=int, default=2000, help="in the mailbox that is shown")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--path", action="append", help="a page; /quarantine/ if none is named")
    parser.add_argument("--rows", type=int, default=SIZE, help="rows that each page shows")
    args = parser.parse_args(arguments)
    for database in [args.database] if args.database else DATABASES:
        with _running(database) as (it, also):
            begun = time.monotonic()
            with closing(it.store()) as store:
                fill(store, args.deliveries, args.held)
                _tidy(store)
                cookie = _cookie(it, store)
            say(f"{database}: {args.deliveries} deliveries in {time.monotonic() - begun:.0f} s")
            for path in args.path or ["/quarantine/"]:
                people = Visitors(it.web, path, cookie, ROW, args.rows)
                _measure(f"{database} {path}", people, args.seconds, [*it.supervisor.pids(), *also])
    return 0


@contextlib.contextmanager
def _running(database: str) -> Iterator[tuple[Installation, list[int]]]:
    """Give an installation with a portal, and what processes it needs besides its own."""
    if database == "sqlite":
        with Installation(("portal",)) as it:
            yield it, []
        return
    program = shutil.which("postgres", path=os.pathsep.join(FOLDERS))
    if program is None:
        raise LookupError("apt install postgresql")
    with Postgres(program) as server:
        url = server.url(server.create())
        with Installation(("portal",), database_url=url) as it:
            yield it, [server.process.pid] if server.process else []


def _tidy(store: Store) -> None:
    """Let PostgreSQL know what its tables hold, as autovacuum would have; SQLite asks nobody."""
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _cookie(it: Installation, store: Store) -> str:
    """Return the cookie of a browser in which USER is signed in."""
    with store.write() as db:
        token = sessions.start(db, _account(db), "bench")
    bare = Flask("bench")
    bare.secret_key = it.settings.signing_keys[0]
    signer = SecureCookieSessionInterface().get_signing_serializer(bare)
    return f"session={signer.dumps({'_user_id': token}) if signer else ''}"


def _account(db: Session) -> accounts.Account:
    return db.scalars(select(accounts.Account).where(accounts.Account.email == USER)).one()


def _measure(name: str, people: Visitors, seconds: float, pids: Sequence[int]) -> None:
    people.run(min(WARM_UP, seconds))
    people.times.clear()
    usage = Usage(pids)
    lasted = people.run(seconds)
    used, times = usage.since(), sorted(1000 * each for each in people.times)
    p50, p95, p99 = (times[int(len(times) * share)] for share in (0.5, 0.95, 0.99))
    say(
        f"{name}: {len(times) / lasted:.0f} requests/s, {p50:.0f} ms (p50), {p95:.0f} ms (p95), "
        f"{p99:.0f} ms (p99); {used.seconds / len(times) * 1000:.2f} ms of processor a request"
    )


if __name__ == "__main__":
    sys.exit(main())
