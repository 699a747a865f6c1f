import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from mailstore import senders
from mailstore.attempts import Attempt
from mailstore.events import Event
from mailstore.figures import Figure
from mailstore.mailboxes import Mailbox
from mailstore.recording import record
from mailstore.reports import links
from mailstore.reports.links import FRESH_EVERY
from mailstore.reports.rows import Report
from mailstore.sandbox import ROOT
from mailstore.store import Store
from portal.reports.sending import write_reports
from tests.databases import on_sqlite
from tests.factories import BOB, a_mailbox, a_verdict, accepted_by, as_environment, the_recipient
from tests.reporting import keep, reports_of

PROCESSES = 6
SECONDS = "2"
THREADS = 6
NAMES = ("anna@muster.example", "beat@other.example", "chris@third.example")


def all_at_once(deed: Callable[[int], object]) -> list[object]:
    together = threading.Barrier(THREADS)

    def run(number: int) -> object:
        together.wait(10)
        return deed(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


@on_sqlite
def test_processes_that_write_all_the_time_never_find_the_database_locked(store: Store) -> None:
    command = [sys.executable, "-m", "tests.mailstore.writer", SECONDS]
    env = os.environ | as_environment(store.settings)
    started = [
        subprocess.Popen(  # noqa: S603 (our own command)
            command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(PROCESSES)
    ]
    said = [process.communicate() for process in started]
    assert [errors for _, errors in said] == [""] * PROCESSES
    with store.read() as db:
        assert db.scalar(select(func.count(Attempt.id))) == sum(int(out) for out, _ in said)


def test_recorders_that_count_for_the_same_domains_do_not_wait_for_each_other(
    store: Store,
) -> None:
    with store.write() as db:
        people = [the_recipient(db, a_mailbox(db, name).address) for name in NAMES]

    def record_in_turn(number: int) -> None:
        for each in people if number % 2 else reversed(people):
            accepted = [accepted_by(store, [a_verdict(each)]) for _ in range(5)]
            places = store.packs.append([one.sealed.slice for one in accepted])
            with store.write() as db:
                record(db, list(zip(accepted, places, strict=True)))

    all_at_once(record_in_turn)
    with store.read() as db:
        assert db.scalar(select(func.sum(Figure.count))) == 5 * len(people) * THREADS


def test_of_those_who_ask_for_a_fresh_report_at_once_one_gets_it(
    store: Store, anna: Mailbox
) -> None:
    report_id = keep(store, anna).report_id
    with store.write() as db:
        db.get_one(Report, report_id).slot -= FRESH_EVERY

    def ask(_: int) -> bool:
        with store.write() as db:
            return links.ask_now(db, anna.id)

    assert sorted(map(bool, all_at_once(ask))) == [False] * (THREADS - 1) + [True]
    write_reports(store)
    assert reports_of(store) == 2


def test_an_author_who_is_allowed_twice_at_once_is_on_the_list_once(
    store: Store, anna: Mailbox
) -> None:
    def allow(number: int) -> bool:
        with store.write() as db:
            return senders.allow(db, anna.tenant_id, anna.id, BOB.key, number, by="anna")

    assert sorted(map(bool, all_at_once(allow))) == [False] * (THREADS - 1) + [True]
    with store.read() as db:
        assert db.scalar(select(func.count(senders.SenderEntry.id))) == 1
        assert db.scalar(select(func.count()).where(Event.kind == "sender_allowed")) == 1
