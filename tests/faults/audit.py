"""The order audit: what a power cut could take is synced before anybody is told of it.

For each mail, between its last byte of DATA and the write of its 250: its slice is written and
its pack synced (and the folder of a new pack), then its rows are written to the WAL, and the
WAL is synced. Each commit of any process is followed by a sync before its next write.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from mailstore.packs import Place
from tests.faults.trace import Call

WAL = "-wal"
FRAME_HEADER = 24
ACCEPTED = b"250 2.6.0 Taken as "
HOP_TOOK = b"250 taken"
NEVER = -1


@dataclass(frozen=True, slots=True)
class Written:
    """A write to a pack, and where in the pack it went."""

    call: Call
    start: int
    end: int


class Audit:
    """The calls of one process, with its promises held against them."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls
        self._wal = [call for call in calls if call.path.endswith(WAL)]
        self._written = dict(_pack_writes(calls))
        self.accepts = [call for call in calls if call.writes and ACCEPTED in call.data]

    def accepted(self, places: Mapping[str, Place]) -> Iterator[str]:
        """Yield a sentence for each 250 that was said before everything was durable."""
        for said in self.accepts:
            public_id = said.data.partition(ACCEPTED)[2].split()[0].decode()
            missing = self._missing(said, public_id, places[public_id])
            if missing:
                yield f"{public_id}: {missing}"

    def commits(self) -> list[Call]:
        """Return the WAL frames that end a transaction (their header names the file's size)."""
        return [call for call in self._wal if _ends_transaction(call)]

    def unsynced(self) -> Iterator[str]:
        """Yield a sentence for each commit that was not synced before the next write."""
        for commit in self.commits():
            after = [call for call in self._wal if call.pid == commit.pid]
            after = [call for call in after if call.begun > commit.ended]
            # The header of the last frame is written before its page.
            if not any(call.syncs for call in after[:2]):
                yield f"line {commit.begun}: a commit without a sync"

    def unrecorded(self) -> Iterator[str]:
        """Yield a sentence for each mail that a next hop took with no commit after it."""
        last = max((commit.begun for commit in self.commits()), default=NEVER)
        for call in self.taken_by_hop():
            if call.ended > last:
                yield f"line {call.begun}: the hop took it, and no commit says so"

    def taken_by_hop(self) -> list[Call]:
        """Return the reads of a next hop's 250 to a mail."""
        return [call for call in self._calls if call.reads and HOP_TOOK in call.data]

    def _missing(self, said: Call, public_id: str, place: Place) -> str:
        """Return the first step that is missing before a 250, or nothing."""
        heard = max(
            (
                call.ended
                for call in self._calls
                if call.reads and call.path == said.path and call.ended < said.begun
            ),
            default=NEVER,
        )
        path = next((path for path in self._written if PurePath(path).stem == place.pack), "")
        slice_written = self._slice_written(path, place)
        if not heard < slice_written:
            return "the slice is not written after the last byte of the mail"
        pack_synced = self._first_sync(path, slice_written)
        if pack_synced == NEVER or not self._folder_synced(path, said.begun):
            return "the pack or its folder is not synced"
        rows = [call for call in self._wal if call.writes and public_id.encode() in call.data]
        named = next((call for call in rows if call.begun > pack_synced), None)
        if named is None or rows[0].begun < pack_synced:
            return "the rows are not written after the pack's sync"
        synced = self._first_sync(named.path, self._commit_after(named))
        return "" if NEVER < synced < said.begun else "the WAL is not synced before the reply"

    def _slice_written(self, path: str, place: Place) -> int:
        end = place.offset + place.length
        parts = [
            each
            for each in self._written.get(path, [])
            if each.start < end and each.end > place.offset
        ]
        whole = parts and parts[0].start <= place.offset and parts[-1].end >= end
        return parts[-1].call.ended if whole else NEVER

    def _first_sync(self, path: str, after: int) -> int:
        synced = (call.ended for call in self._calls if call.syncs and call.path == path
                  and call.begun > after > NEVER)  # fmt: skip
        return next(synced, NEVER)

    def _folder_synced(self, path: str, before: int) -> bool:
        made = next((call for call in self._calls if call.creates and call.path == path), None)
        folder = str(PurePath(path).parent)
        return made is None or made.ended < self._first_sync(folder, made.ended) < before

    def _commit_after(self, named: Call) -> int:
        return next(
            (
                commit.ended
                for commit in self.commits()
                if commit.pid == named.pid and commit.ended > named.begun - 2
            ),
            NEVER,
        )


def _ends_transaction(call: Call) -> bool:
    return call.writes and call.result == FRAME_HEADER and any(call.data[4:8])


def _pack_writes(calls: Sequence[Call]) -> Iterator[tuple[str, list[Written]]]:
    """Yield each pack that was begun in this trace, with what was appended where."""
    for path in {call.path for call in calls if call.path.endswith(".pack")}:
        size, found = 0, []
        for call in calls:
            if call.path == path and call.writes:
                found.append(Written(call, size, size + call.result))
                size += call.result
        yield path, found
