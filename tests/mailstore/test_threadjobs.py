import threading
import time
from collections.abc import Callable, Iterator

import pytest

from mailstore import deadletters
from mailstore.jobs import REGISTRY
from mailstore.store import Store
from mailstore.threadjobs import ThreadJobs
from tests.databases import on_sqlite

pytestmark = on_sqlite

SOON = 5.0


class Bench:
    """Jobs that say when they begin, and end when they may."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.begun = threading.Semaphore(0)
        self.ran: list[int] = []


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench = Bench()

    def slow(_store: Store, number: int) -> None:
        bench.ran.append(number)
        bench.begun.release()
        bench.may_end.wait(SOON)

    def broken(_store: Store) -> None:
        raise KeyError("a bug")

    for function in (slow, broken):
        monkeypatch.setitem(REGISTRY, function.__name__, function)
    return bench


@pytest.fixture
def runner(store: Store) -> Iterator[ThreadJobs]:
    runner = ThreadJobs(store, threads=2)
    yield runner
    runner.close()


def test_the_same_job_never_runs_twice_at_once(bench: Bench, runner: ThreadJobs) -> None:
    runner.enqueue("slow", 1)
    assert bench.begun.acquire(timeout=SOON)
    runner.enqueue("slow", 1)
    runner.enqueue("slow", 2)
    assert bench.begun.acquire(timeout=SOON)
    assert sorted(bench.ran) == [1, 2]
    bench.may_end.set()


def test_a_job_can_run_again_once_it_has_ended(bench: Bench, runner: ThreadJobs) -> None:
    bench.may_end.set()
    for _ in range(200):
        runner.enqueue("slow", 1)
        if len(bench.ran) >= 2:
            break
        bench.begun.acquire(timeout=0.05)
    assert len(bench.ran) >= 2


@pytest.mark.parametrize("name", ["broken", "unheard_of"])
def test_a_failing_job_does_not_end_the_runner(bench: Bench, runner: ThreadJobs, name: str) -> None:
    bench.may_end.set()
    for _ in range(5):
        runner.enqueue(name)
    runner.enqueue("slow", 1)
    assert bench.begun.acquire(timeout=SOON)


def test_closing_waits_for_what_runs_and_starts_no_more(bench: Bench, runner: ThreadJobs) -> None:
    for number in (1, 2, 3, 4):
        runner.enqueue("slow", number)
    for _ in range(2):
        assert bench.begun.acquire(timeout=SOON)
    threading.Timer(0.05, bench.may_end.set).start()
    runner.close()
    assert bench.may_end.is_set()
    assert len(bench.ran) == 2


def test_a_job_asked_for_while_it_runs_is_run_once_more(bench: Bench, runner: ThreadJobs) -> None:
    runner.enqueue("slow", 1)
    assert bench.begun.acquire(timeout=SOON)
    for _ in range(100):
        runner.enqueue("slow", 1)
    bench.may_end.set()
    assert bench.begun.acquire(timeout=SOON)
    runner.close()
    assert bench.ran == [1, 1]


def test_a_running_job_hears_that_it_was_asked_for_and_then_is_not_run_again(
    runner: ThreadJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bool] = []
    begun = threading.Event()

    def listening(_store: Store, number: int) -> None:
        begun.set()
        heard.append(runner.asked_again("listening", number, seconds=SOON))
        heard.append(runner.asked_again("listening", number, seconds=0))

    monkeypatch.setitem(REGISTRY, "listening", listening)
    runner.enqueue("listening", 1)
    assert begun.wait(SOON)
    runner.enqueue("listening", 1)
    runner.close()
    assert heard == [True, False]


def test_nobody_asks_again_for_what_does_not_run(runner: ThreadJobs) -> None:
    assert not runner.asked_again("slow", 1, seconds=0)


def spins(_store: Store) -> None:
    while True:
        pass


def sleeps(_store: Store) -> None:
    while True:
        time.sleep(0.01)


@pytest.mark.parametrize("endless", [spins, sleeps])
def test_a_job_over_its_time_is_ended_gives_its_place_free_and_has_failed(
    store: Store, bench: Bench, monkeypatch: pytest.MonkeyPatch, endless: Callable[[Store], None]
) -> None:
    monkeypatch.setitem(REGISTRY, "endless", endless)
    bench.may_end.set()
    runner = ThreadJobs(store, threads=1, seconds=0.2)
    runner.enqueue("endless")
    runner.enqueue("slow", 1)
    assert bench.begun.acquire(timeout=SOON)
    runner.close()
    with store.read() as db:
        (failed,) = deadletters.all_of(db)
    assert (failed.name, failed.tries) == ("endless", 1)
    assert "0.2 seconds" in failed.error


def test_a_job_within_its_time_hears_nothing_of_it_later(store: Store, bench: Bench) -> None:
    runner = ThreadJobs(store, threads=1, seconds=0.3)
    bench.may_end.set()
    runner.enqueue("slow", 1)
    assert bench.begun.acquire(timeout=SOON)
    time.sleep(0.4)
    runner.enqueue("slow", 2)
    assert bench.begun.acquire(timeout=SOON)
    runner.close()
    with store.read() as db:
        assert deadletters.all_of(db) == []
