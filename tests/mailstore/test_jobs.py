import threading
from collections.abc import Iterator

import pytest

from mailstore.jobs import REGISTRY, job
from mailstore.store import Store
from mailstore.threadjobs import ThreadJobs

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


def test_a_job_is_known_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailstore.jobs.REGISTRY", {})

    @job
    def tidy(_store: Store) -> None: ...

    from mailstore import jobs  # noqa: PLC0415 (the registry as it is now)

    assert {"tidy": tidy} == jobs.REGISTRY


def test_a_job_asked_for_while_it_runs_is_run_once_more(bench: Bench, runner: ThreadJobs) -> None:
    runner.enqueue("slow", 1)
    assert bench.begun.acquire(timeout=SOON)
    for _ in range(3):
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
