import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from math import inf

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from time_machine import Traveller

from filter import sweep
from filter.worker import jobs_group, worker
from mailstore import deadletters, incidents, threadjobs
from mailstore.deadletters import MOST_TRIES, DeadLetter
from mailstore.incidents import Incident, IncidentKind
from mailstore.jobs import REGISTRY
from mailstore.store import Store
from mailstore.threadjobs import ThreadJobs
from tests.databases import on_sqlite
from tests.factories import RecordedJobs, a_mailbox, an_accepted, as_environment
from tests.filter.pids import until

FIRST_PAUSE, LOOK_SECONDS = 0.005, 0.05
JOB, IDS = "sour", (7, 8)


class Sour:
    """A job that fails until it is sweetened."""

    def __init__(self) -> None:
        self.tried_at: list[float] = []
        self.sweet = self.done = False
        self.error: Exception = KeyError("a bug")

    def __call__(self, _store: Store, *ids: int) -> None:
        self.tried_at.append(time.monotonic())
        if not self.sweet:
            raise self.error
        self.done = True


@pytest.fixture
def sour(monkeypatch: pytest.MonkeyPatch) -> Sour:
    sour = Sour()
    monkeypatch.setitem(REGISTRY, JOB, sour)
    monkeypatch.setattr(deadletters, "FIRST_PAUSE", timedelta(seconds=FIRST_PAUSE))
    monkeypatch.setattr(threadjobs, "LOOK_SECONDS", LOOK_SECONDS)
    return sour


@pytest.fixture
def runner(store: Store, sour: Sour) -> Iterator[ThreadJobs]:
    runner = ThreadJobs(store, threads=1)
    yield runner
    runner.close()


def ask_until(runner: ThreadJobs, happens: Callable[[], object]) -> None:
    """Ask for the job again and again, like a sweep that hurries."""

    def asked() -> object:
        runner.enqueue(JOB, *IDS)
        return happens()

    until(asked)


def ask_in_vain(runner: ThreadJobs) -> None:
    end = time.monotonic() + 3 * LOOK_SECONDS
    ask_until(runner, lambda: time.monotonic() > end)


def kill_it(runner: ThreadJobs, store: Store) -> None:
    """Ask for the job until it is a dead letter."""
    ask_until(runner, lambda: any(each.is_dead for each in letters(store)))


def letters(store: Store) -> Sequence[DeadLetter]:
    with store.read() as db:
        return deadletters.all_of(db)


def open_incidents(store: Store) -> list[str]:
    with store.read() as db:
        return [each.subject for each in incidents.open_now(db, IncidentKind.JOB)]


def fails(store: Store, *job: str | int) -> float:
    name, *ids = job
    with store.write() as db:
        return deadletters.failed(db, str(name), [int(each) for each in ids], "KeyError: 'a bug'")


@pytest.mark.usefixtures("clock")
def test_the_pauses_grow_and_after_five_failures_there_is_no_end_to_them(store: Store) -> None:
    assert [fails(store, JOB, 7) for _ in range(MOST_TRIES)] == [2, 8, 32, 128, inf]


@on_sqlite
@pytest.mark.parametrize(
    "error", [OperationalError("", {}, OSError()), OSError("disk")], ids=["rows", "disk"]
)
def test_rows_or_a_disk_in_trouble_make_no_dead_letter(
    runner: ThreadJobs, store: Store, sour: Sour, error: Exception
) -> None:
    sour.error = error
    ask_until(runner, lambda: len(sour.tried_at) > 2 * MOST_TRIES)
    assert letters(store) == []
    sour.sweet = True
    ask_until(runner, lambda: sour.done)


@on_sqlite
def test_a_job_that_fails_is_tried_five_times_at_growing_distances(
    runner: ThreadJobs, store: Store, sour: Sour
) -> None:
    kill_it(runner, store)
    ask_in_vain(runner)
    away = [after - before for before, after in zip(sour.tried_at, sour.tried_at[1:], strict=False)]
    assert len(sour.tried_at) == MOST_TRIES
    assert all(pause >= FIRST_PAUSE * 4**number for number, pause in enumerate(away))


def test_a_dead_letter_says_what_failed_and_is_one_incident_however_often_it_is_asked_for(
    runner: ThreadJobs, store: Store, sour: Sour, jobs: RecordedJobs
) -> None:
    kill_it(runner, store)
    ask_in_vain(runner)
    (letter,) = letters(store)
    assert (letter.name, letter.ids, letter.error) == (JOB, "7 8", "KeyError: 'a bug'")
    with store.read() as db:
        (incident,) = db.scalars(select(Incident))
    assert (incident.kind, incident.subject, incident.ended_at) == (
        IncidentKind.JOB, f"{JOB} 7 8", None,
    )  # fmt: skip
    assert jobs.asked == [(incidents.SPREAD, incident.id)]


@on_sqlite
def test_other_jobs_go_on_beside_one_that_fails(
    runner: ThreadJobs, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = threading.Semaphore(0)
    monkeypatch.setitem(REGISTRY, "other", lambda _store: ran.release())
    runner.enqueue(JOB, *IDS)
    runner.enqueue("other")
    assert ran.acquire(timeout=5)
    kill_it(runner, store)
    runner.enqueue("other")
    assert ran.acquire(timeout=5)


def test_a_success_forgets_the_failures_before_it(
    runner: ThreadJobs, store: Store, sour: Sour
) -> None:
    runner.enqueue(JOB, *IDS)
    until(lambda: letters(store))
    sour.sweet = True
    ask_until(runner, lambda: not letters(store))
    assert sour.done


@on_sqlite
def test_workers_know_of_each_others_failures_and_successes(
    runner: ThreadJobs, store: Store, sour: Sour
) -> None:
    kill_it(runner, store)
    other = ThreadJobs(store, threads=1)
    ask_in_vain(other)
    assert len(sour.tried_at) == MOST_TRIES
    with store.write() as db:
        deadletters.start_anew(db)
    fails(store, JOB, *IDS)
    sour.sweet = True
    ask_until(other, lambda: not letters(store))
    other.close()


def asked(store: Store) -> list[tuple[str | int, ...]]:
    jobs = RecordedJobs()
    sweep.sweep(store, jobs)
    return [each for each in jobs.asked if each[0] == "drain"]


def test_the_sweep_asks_for_what_failed_after_its_pause_and_for_a_dead_letter_never(
    store: Store, clock: Traveller
) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db)
    drain = ("drain", an_accepted(store, mailbox).lane_id)
    for _ in range(MOST_TRIES - 1):
        pause = fails(store, *drain)
        assert asked(store) == []
        clock.shift(pause)
        assert asked(store) == [drain]
    fails(store, *drain)
    clock.shift(timedelta(days=30))
    assert asked(store) == []


def test_the_operator_sees_what_failed(store: Store) -> None:
    for job, times in ((JOB, MOST_TRIES), ("learn_lessons", 1)):
        for _ in range(times):
            fails(store, job)
    lines = CliRunner().invoke(jobs_group, ["list"], env=as_environment(store.settings)).output
    assert f"{JOB}   5 tries, dead: KeyError: 'a bug'\n" in lines
    assert "learn_lessons   1 tries, tried again 20" in lines


def test_the_operator_lets_a_worker_that_runs_try_anew(
    runner: ThreadJobs, store: Store, sour: Sour
) -> None:
    kill_it(runner, store)
    assert open_incidents(store) == [f"{JOB} 7 8"]
    sour.sweet = True
    env = as_environment(store.settings)
    assert CliRunner().invoke(jobs_group, ["retry"], env=env).output == "1 jobs are tried anew.\n"
    assert (letters(store), open_incidents(store)) == ([], [])
    ask_until(runner, lambda: sour.done)


def test_a_success_ends_the_incident(store: Store) -> None:
    for _ in range(MOST_TRIES):
        fails(store, JOB, *IDS)
    with store.write() as db:
        deadletters.went_well(db, JOB, IDS)
    assert (letters(store), open_incidents(store)) == ([], [])


@on_sqlite
def test_what_is_tried_anew_and_fails_again_is_a_new_incident(
    runner: ThreadJobs, store: Store, sour: Sour
) -> None:
    kill_it(runner, store)
    with store.write() as db:
        deadletters.start_anew(db)
    kill_it(runner, store)
    assert len(sour.tried_at) == 2 * MOST_TRIES
    with store.read() as db:
        assert db.scalar(select(func.count(Incident.id))) == 2
    assert open_incidents(store) == [f"{JOB} 7 8"]


@pytest.fixture
def _own_signals() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@on_sqlite
@pytest.mark.usefixtures("_own_signals")
def test_a_new_start_of_the_worker_lets_all_be_tried_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "EVERY", 0.01)
    for _ in range(MOST_TRIES):
        fails(store, "expire")

    def stop_it() -> None:
        until(lambda: not letters(store))
        os.kill(os.getpid(), signal.SIGTERM)

    stopping = threading.Thread(target=stop_it)
    stopping.start()
    assert CliRunner().invoke(worker, env=as_environment(store.settings)).exit_code == 0
    stopping.join()
    assert open_incidents(store) == []
