"""The steps at which a process can die: one for each row of the table of crash points."""

import asyncio
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filter import nexthop
from filter.examination import Examiner
from filter.ledger import Ledger
from filter.recorder import Recorder
from filter.session import RelaySMTP
from filter.wire import Content
from mailstore import claims, jobs, lanes, packs, recording, releases, store
from mailstore.packs import LocalPacks

Step = Callable[["Death"], None]
CODE = 86
# Long enough for bytes to leave for loopback.
FLIGHT = 0.1


def called_for(mark: Path) -> Path:
    """Return the file that calls for the death which leaves this mark."""
    return mark.with_name(f"{mark.name}-now")


class Death:
    """Comes at the next call once it is called for, once: the mark it leaves keeps it away then."""

    def __init__(self, mark: Path) -> None:
        self._mark, self._call = mark, called_for(mark)

    @property
    def near(self) -> bool:
        """Whether this call is the one."""
        return self._call.exists() and not self._mark.exists()

    def come(self) -> None:
        """End the process as a kill would: nothing is flushed, no handler runs."""
        self._mark.touch()
        os._exit(CODE)


def replace(owner: Any, name: str, function: object) -> None:
    """Put something else in place of an attribute of the product."""
    # The type checker rightly minds; the product is wrapped from outside, in tests only.
    setattr(owner, name, function)


def _always(_result: object) -> bool:
    return True


def before(owner: Any, name: str) -> Step:
    """Die instead of a call."""

    def install(death: Death) -> None:
        original = getattr(owner, name)

        @functools.wraps(original)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if death.near:
                death.come()
            return original(*args, **kwargs)

        replace(owner, name, wrapped)

    return install


def after(owner: Any, name: str, *, when: Callable[[Any], object] = _always) -> Step:
    """Die after a call whose result is the right one."""

    def install(death: Death) -> None:
        original = getattr(owner, name)

        @functools.wraps(original)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            if when(result) and death.near:
                death.come()
            return result

        replace(owner, name, wrapped)

    return install


def after_awaited(owner: Any, name: str, *, flight: float = 0.0) -> Step:
    """Die after a coroutine, and after what it wrote is on its way."""

    def install(death: Death) -> None:
        original = getattr(owner, name)

        @functools.wraps(original)
        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            result = await original(*args, **kwargs)
            if death.near:
                await asyncio.sleep(flight)
                death.come()
            return result

        replace(owner, name, wrapped)

    return install


def half_a_slice(death: Death) -> None:
    """Die with half of a slice in its pack."""
    original = LocalPacks._write

    def write(self: LocalPacks, day: Any, pack: Any, data: bytes) -> None:
        if death.near:
            original(self, day, pack, data[: len(data) // 2])
            death.come()
        original(self, day, pack, data)

    replace(LocalPacks, "_write", write)


def reply_sent(death: Death) -> None:
    """Die after the 250 to a mail has left."""
    original = RelaySMTP.push

    async def push(self: RelaySMTP, status: str) -> None:
        await original(self, status)
        if status.startswith("250 2.6.0") and death.near:
            # A sleep here would be cancelled by a client that leaves.
            asyncio.get_running_loop().call_later(FLIGHT, death.come)

    replace(RelaySMTP, "push", push)


def half_a_mail(death: Death) -> None:
    """Die with the first half of a mail at the next hop."""
    original = nexthop.Connection._write_content

    async def write(self: nexthop.Connection, content: Content) -> None:
        if not death.near:
            await original(self, content)
            return
        whole = b"".join(content())
        self._wire.write(whole[: len(whole) // 2])
        await asyncio.sleep(FLIGHT)
        death.come()

    replace(nexthop.Connection, "_write_content", write)


def outcomes_committed(death: Death) -> None:
    """Die after outcomes were committed, alone or with the next claim."""
    for name in ("flush", "turn"):
        replace(Ledger, name, _dies_after_commit(getattr(Ledger, name), death))


def _dies_after_commit(original: Callable[..., Any], death: Death) -> Callable[..., Any]:
    def committed(self: Ledger, *args: Any) -> Any:
        some = bool(self._noted)
        result = original(self, *args)
        if some and death.near:
            death.come()
        return result

    return committed


def job_asked_for(death: Death) -> None:
    """Die after a transaction that asks for a job was committed: a release, a resend."""
    original = jobs.start_waiting

    def start(db: Any, runner: Any) -> None:
        asked = bool(db.info.get(jobs.WAITING))
        original(db, runner)
        if asked and death.near:
            death.come()

    replace(store, "start_waiting", start)


STEPS: dict[str, Step] = {
    "verdict_computed": after_awaited(Examiner, "examine"),
    "slice_half_written": half_a_slice,
    "slice_not_synced": before(LocalPacks, "_sync"),
    "folder_not_synced": before(packs, "sync_folder"),
    "pack_synced": after(LocalPacks, "append"),
    "rows_not_committed": after(recording, "record"),
    "rows_committed": after(Recorder, "_store_all"),
    "reply_sent": reply_sent,
    "lane_claimed": after(lanes, "claim", when=bool),
    "claimed": after(Ledger, "turn", when=bool),
    "connected": after_awaited(nexthop.Connection, "open"),
    "commands_said": after_awaited(nexthop.Connection, "_begin"),
    "mid_data": half_a_mail,
    "dot_sent": after_awaited(nexthop.Connection, "_write_content", flight=FLIGHT),
    "hop_replied": after_awaited(nexthop.Connection, "send"),
    "outcome_not_committed": after(claims, "finish_all"),
    "outcome_committed": outcomes_committed,
    "job_asked_for": job_asked_for,
    "release_claimed": after(releases, "claim", when=bool),
    "release_not_committed": after(releases, "let_go", when=bool),
}
