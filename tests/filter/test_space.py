import os
from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture

from filter.space import FreeSpace
from tests.filter.seconds import Seconds


class Disk:
    """A disk that is as full as a test says, and counts how often it is looked at."""

    def __init__(self, folder: Path) -> None:
        self.free, self.looks, self._folder = 100, 0, folder

    def statvfs(self, folder: Path) -> os.statvfs_result:
        assert folder == self._folder
        self.looks += 1
        return os.statvfs_result((4096, 10, 1000, 500, self.free, 0, 0, 0, 0, 255))


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk(tmp_path)
    monkeypatch.setattr(os, "statvfs", made.statvfs)
    return made


def test_a_real_disk_has_more_than_nothing_and_less_than_everything(tmp_path: Path) -> None:
    assert not FreeSpace(tmp_path, 0).low
    assert FreeSpace(tmp_path, 2**62).low


@pytest.mark.parametrize(("free", "low"), [(99, True), (100, False), (101, False)])
def test_what_is_free_for_us_is_counted_in_bytes(
    disk: Disk, tmp_path: Path, free: int, low: bool
) -> None:
    disk.free = free
    assert FreeSpace(tmp_path, 1000).low is low


def test_the_disk_is_looked_at_once_a_second(disk: Disk, tmp_path: Path) -> None:
    seconds = Seconds()
    watched = FreeSpace(tmp_path, 1000, seconds)
    assert not watched.low
    disk.free = 1
    seconds.now += 0.9
    assert not any(watched.low for _ in range(100))
    assert disk.looks == 1
    seconds.now += 0.2
    assert watched.low
    assert disk.looks == 2


def test_a_change_is_said_once_each_way(disk: Disk, tmp_path: Path) -> None:
    seconds = Seconds()
    said = LogCapture()
    structlog.configure(processors=[said])
    watched = FreeSpace(tmp_path, 1000, seconds)
    for free in (100, 1, 1, 2, 100, 100, 1):
        disk.free = free
        seconds.now += 1
        assert watched.low is (free < 100)
    assert [entry["event"] for entry in said.entries] == ["space_low", "space_enough", "space_low"]
