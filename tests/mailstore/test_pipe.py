import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailstore.jobs import REGISTRY
from mailstore.pipe import PipeJobs, PipeReader
from tests.factories import RecordedJobs

SOON = 5.0


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(REGISTRY, "drain", lambda _store, _lane: None)
    return tmp_path / "nudges"


@pytest.fixture
def reader(path: Path, jobs: RecordedJobs) -> Iterator[PipeReader]:
    reader = PipeReader(path, jobs)
    yield reader
    reader.close()


def heard(jobs: RecordedJobs, count: int) -> list[tuple[str | int, ...]]:
    end = time.monotonic() + SOON
    while len(jobs.asked) < count and time.monotonic() < end:
        time.sleep(0.005)
    return jobs.asked


@pytest.mark.usefixtures("reader")
def test_the_worker_hears_what_another_process_asks_for(path: Path, jobs: RecordedJobs) -> None:
    PipeJobs(path).enqueue("drain", 7)
    assert heard(jobs, 1) == [("drain", 7)]


def test_without_a_worker_a_nudge_is_lost_and_the_next_one_is_heard(
    path: Path, jobs: RecordedJobs
) -> None:
    asking = PipeJobs(path)
    asking.enqueue("drain", 1)
    first = PipeReader(path, jobs)
    asking.enqueue("drain", 2)
    assert heard(jobs, 1) == [("drain", 2)]
    first.close()
    asking.enqueue("drain", 3)
    second = PipeReader(path, jobs)
    asking.enqueue("drain", 4)
    assert ("drain", 4) in heard(jobs, 2)
    second.close()


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    "line",
    [b"nonsense", b"{}", b'["unheard_of", 1]', b'["drain", "x"]', b"\xff", b"[", b"[[1]]"],
)
def test_what_is_no_job_is_passed_over(path: Path, jobs: RecordedJobs, line: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, line + b"\n")
    os.close(descriptor)
    PipeJobs(path).enqueue("drain", 1)
    assert heard(jobs, 1) == [("drain", 1)]


def test_a_full_pipe_holds_nobody_up(path: Path) -> None:
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    asking = PipeJobs(path)
    for number in range(20_000):
        asking.enqueue("drain", number)
    os.close(descriptor)


@pytest.mark.usefixtures("reader")
def test_only_we_may_write_into_the_pipe(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
