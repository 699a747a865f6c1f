"""How fast the portal answers beside many mails: `python -m bench.portal`.

    python -m bench.portal --database postgresql --path /webmail/
    python -m bench.portal --case search --deliveries 100000 --pace 0 --pace 40

Fills a store, starts gunicorn as `flask serve` does, and lets people ask for one page after
another: eight for one of a list, else as many as its case says (bench/cases.py).
Prints a line for each database: requests per second, how long they took, processor time.
"""

import argparse
import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import product, repeat
from pathlib import Path

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from bench.cases import CASES, Asked
from bench.filling import fill
from bench.installation import Installation
from bench.measured import say
from bench.processes import Usage
from bench.visitors import Visitors
from mailstore import accounts, sessions
from mailstore.pages import SIZE
from mailstore.store import Store
from tests.postgres import Postgres

DATABASES = ("sqlite", "postgresql")
FOLDERS = ("/usr/sbin", "/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin")))
WARM_UP = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the databases; raises WrongAnswer if a page is not what it should be."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--database", choices=DATABASES, help="only this one")
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    parser.add_argument("--held", type=int, default=2000, help="in the mailbox that is shown")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--path", action="append", help="a page; /quarantine/ if none is named")
    parser.add_argument("--case", action="append", choices=CASES, help="pages that belong together")
    parser.add_argument(
        "--pace", type=float, action="append", help="pages a second; 0, the usual, is without pause"
    )
    parser.add_argument("--rows", type=int, default=SIZE, help="rows that each page shows")
    args = parser.parse_args(arguments)
    for database in [args.database] if args.database else DATABASES:
        with _running(database) as (it, also):
            begun = time.monotonic()
            with closing(it.store()) as store:
                fill(store, args.deliveries, args.held)
                asked = _asked(store, args)
                _tidy(store)
                cookies = {who: _cookie(it, store, who) for who in _who(asked)}
            say(f"{database}: {args.deliveries} deliveries in {time.monotonic() - begun:.0f} s")
            for each, pace in product(asked, args.pace or [0.0]):
                visits = partial(_visits, it.web, cookies, pace)
                pids = [*it.supervisor.pids(), *also]
                _measure(database, each, visits, args.seconds, pids)
    return 0


def _asked(store: Store, args: argparse.Namespace) -> list[Asked]:
    """Return what people ask for; what it needs is put into the store."""
    named = [Asked(path, times=args.rows) for path in args.path or ()]
    for case in args.case or ():
        named += CASES[case](store)
    return named or [Asked("/quarantine/", times=args.rows)]


def _who(asked: Sequence[Asked]) -> set[str]:
    return {who.who for each in asked for who in (each, *each.beside)}


def _visits(port: int, cookies: Mapping[str, str], pace: float, asked: Asked) -> Visitors:
    cookie = cookies[asked.who]
    return Visitors(port, asked.path, cookie, asked.shows, asked.times, asked.people, pace)


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


def _cookie(it: Installation, store: Store, who: str) -> str:
    """Return the cookie of a browser in which somebody is signed in."""
    with store.write() as db:
        token = sessions.start(db, accounts.named(db, who), "bench")
    bare = Flask("bench")
    bare.secret_key = it.settings.signing_keys[0]
    signer = SecureCookieSessionInterface().get_signing_serializer(bare)
    return f"session={signer.dumps({'_user_id': token}) if signer else ''}"


def _measure(
    database: str, asked: Asked, visits: Callable[[Asked], Visitors], seconds: float,
    pids: Sequence[int],
) -> None:  # fmt: skip
    everybody = {each: visits(each) for each in (asked, *asked.beside)}
    _run_all(everybody.values(), min(WARM_UP, seconds))
    for people in everybody.values():
        people.times.clear()
    usage = Usage(pids)
    lasted = _run_all(everybody.values(), seconds)
    used = usage.since().seconds
    for each, people in everybody.items():
        times = sorted(1000 * took for took in people.times)
        p50, p95, p99 = (times[int(len(times) * share)] for share in (0.5, 0.95, 0.99))
        name = f"{database} {each.path}" if each is asked else f"  beside it {each.path}"
        said = (
            f"{name}: {len(times) / lasted:.0f} requests/s, {p50:.0f} ms (p50), "
            f"{p95:.0f} ms (p95), {p99:.0f} ms (p99)"
        )
        alone = f"; {used / len(times) * 1000:.2f} ms of processor a request"
        say(said if asked.beside else said + alone)


def _run_all(everybody: Iterable[Visitors], seconds: float) -> float:
    """Let all ask at the same time; returns how long it was."""
    with ThreadPoolExecutor() as threads:
        return max(threads.map(Visitors.run, everybody, repeat(seconds)))


if __name__ == "__main__":
    sys.exit(main())
