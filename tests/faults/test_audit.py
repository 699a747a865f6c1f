from collections.abc import Sequence
from datetime import date

import pytest

from mailstore.packs import Place
from tests.faults.audit import Audit
from tests.faults.trace import calls

PACK, WAL, PEER = "/d/packs/2026-12-01/aa.pack", "/d/rows.db-wal", "socket:[7]"
PLACE = Place("aa", date(2026, 12, 1), 0, 5)
FRAME = r'"\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"'
HEARD = f'1 read(9<{PEER}>, "x\\r\\n.\\r\\n", 99) = 5'
MADE = f'2 openat(AT_FDCWD</d>, "{PACK}", O_WRONLY|O_CREAT|O_EXCL, 0600) = 5<{PACK}>'
FOLDER = "2 fsync(6</d/packs/2026-12-01>) = 0"
WRITTEN = f'2 write(5<{PACK}>, "\\1abcd", 5) = 5'
SYNCED = f"2 fdatasync(5<{PACK}>) = 0"
HEADER = f"2 pwrite64(4<{WAL}>, {FRAME}, 24, 32) = 24"
PAGE = f'2 pwrite64(4<{WAL}>, "..ab12..", 4096, 56) = 4096'
WAL_SYNCED = f"2 fsync(4<{WAL}>) = 0"
SAID = f'1 write(9<{PEER}>, "250 2.6.0 Taken as ab12\\r\\n", 25) = 25'
GOOD = (HEARD, MADE, FOLDER, WRITTEN, SYNCED, HEADER, PAGE, WAL_SYNCED, SAID)


def audit(lines: Sequence[str]) -> Audit:
    return Audit(list(calls(lines)))


def complaints(lines: Sequence[str]) -> list[str]:
    return list(audit(lines).accepted({"ab12": PLACE}))


def without(line: str) -> list[str]:
    return [each for each in GOOD if each != line]


def moved_last(line: str) -> list[str]:
    return [*without(line), line]


def test_an_accept_in_the_right_order_is_good() -> None:
    assert complaints(GOOD) == []
    assert list(audit(GOOD).unsynced()) == []


def test_a_call_that_was_interrupted_counts_from_its_begin_to_its_end() -> None:
    begun, ended = (
        "2 fdatasync(5</d/packs/2026-12-01/aa.pack> <unfinished ...>",
        ("2 <... fdatasync resumed>) = 0"),
    )
    at = GOOD.index(SYNCED)
    assert complaints([*GOOD[:at], begun, '3 read(3<x>, "", 1) = 0', ended, *GOOD[at + 1 :]]) == []
    assert complaints([*without(SYNCED)[:-1], begun, SAID, ended]) != []


@pytest.mark.parametrize("line", [FOLDER, WRITTEN, SYNCED, PAGE, WAL_SYNCED])
def test_an_accept_with_a_step_missing_or_late_is_told(line: str) -> None:
    assert len(complaints(without(line))) == 1
    assert len(complaints(moved_last(line))) == 1


@pytest.mark.parametrize("line", [SYNCED, WAL_SYNCED, FOLDER])
def test_a_sync_that_failed_is_none(line: str) -> None:
    failed = line.replace("= 0", "= -1 EIO (Input/output error) (INJECTED)")
    assert len(complaints([failed if each == line else each for each in GOOD])) == 1


def test_rows_before_the_sync_of_their_pack_are_told() -> None:
    early = [HEARD, MADE, FOLDER, WRITTEN, HEADER, PAGE, SYNCED, WAL_SYNCED, SAID]
    assert len(complaints(early)) == 1


def test_a_slice_of_which_only_a_part_is_written_is_told() -> None:
    short = WRITTEN.replace("5) = 5", "5) = 3")
    assert len(complaints([short if each == WRITTEN else each for each in GOOD])) == 1


def test_a_commit_without_a_sync_is_told() -> None:
    assert len(list(audit(without(WAL_SYNCED)).unsynced())) == 1


def test_a_mail_that_a_hop_took_after_the_last_commit_is_told() -> None:
    took = '2 recvfrom(8<socket:[8]>, "250 taken\\r\\n", 99, 0, NULL, NULL) = 11'
    assert list(audit([took, HEADER, PAGE, WAL_SYNCED]).unrecorded()) == []
    assert len(list(audit([HEADER, PAGE, WAL_SYNCED, took]).unrecorded())) == 1
