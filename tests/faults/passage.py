"""Letters that go through relay and worker: each with its reply, its row and what came of it."""

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from sqlalchemy import select, true
from sqlalchemy.orm import contains_eager

from bench.installation import Installation
from mailstore import quarantine
from mailstore.deliveries import Delivery, State
from mailstore.scope import Scope
from mailstore.store import Store
from tests.faults.ledger import PUBLIC_ID
from tests.faults.sender import Attempt, Letter, Sender

PATIENCE = 600.0
LONGEST_TAG = 60
_OURS = re.compile(rb"(?s)Received: from faults\.example .*?\r\nX-Mailhafen-Id: [0-9a-f]{16}\r\n")


@dataclass(frozen=True, slots=True)
class Passed:
    """One letter on its way: what was answered, the delivery, and what came below our lines."""

    letter: Letter
    attempt: Attempt
    delivery: Delivery | None
    came: bytes | None

    def broken(self) -> Iterator[str]:
        """Yield what is wrong with it, but for a refusal."""
        if not self.attempt.promised:
            return
        if self.delivery is None or self.came is None:
            yield f"mail {self.letter.id}: answered '{self.attempt.reply}' and never came"
            return
        raw = canonical(self.letter.content)
        if self.delivery.message.sha256 != hashlib.sha256(raw).hexdigest():
            yield f"mail {self.letter.id}: other bytes are stored"
        expected = _without(raw, self.delivery.message.cuts)
        if self.came != expected and not (self.tagged and _only_added(expected, self.came)):
            yield f"mail {self.letter.id}: other bytes came"

    @property
    def tagged(self) -> bool:
        """Whether the Subject was to get a tag."""
        return self.delivery is not None and bool(self.delivery.tag)


def canonical(raw: bytes) -> bytes:
    """Return what is to be kept of a mail: its lines, each ended by CRLF."""
    return re.sub(rb"\r\n|\r|\n", b"\r\n", raw)


def send(it: Installation, letters: Sequence[Letter]) -> Sequence[Attempt]:
    """Send letters until each is answered for good, and return the attempts."""
    sender = Sender(it.smtp, letters)
    sender.start()
    if not sender.join(PATIENCE):
        raise TimeoutError("the letters were not taken")
    return sender.attempts


def arrived(it: Installation, store: Store, attempts: Sequence[Attempt]) -> list[Passed]:
    """Release what is held, and return each attempt with what became of it."""
    _release_all(store)
    end = time.monotonic() + PATIENCE
    while any(each.state in (State.QUEUED, State.RELEASING) for each in _deliveries(store)):
        if time.monotonic() > end:
            raise TimeoutError("deliveries still wait")
        time.sleep(0.2)
    rows = {each.message.public_id: each for each in _deliveries(store)}
    taken = {each.public_id: _below_our_lines(each.content) for each in it.sink.taken}
    passed = []
    for attempt in attempts:
        found = PUBLIC_ID.search(attempt.reply)
        name = found[1] if found else ""
        passed.append(Passed(attempt.letter, attempt, rows.get(name), taken.get(name)))
    return passed


def _release_all(store: Store) -> None:
    with store.read() as db:
        held = db.scalars(select(Delivery.id).where(Delivery.state == State.QUARANTINED)).all()
    with store.write() as db:
        for each in held:
            quarantine.release(db, Scope(None), each, by="test", may=true())


def _deliveries(store: Store) -> Sequence[Delivery]:
    with store.read() as db:
        return db.scalars(
            select(Delivery).join(Delivery.message).options(contains_eager(Delivery.message))
        ).all()


def _below_our_lines(content: bytes) -> bytes:
    found = _OURS.match(content)
    return content[found.end() :] if found else content


def _without(raw: bytes, cuts: Sequence[tuple[int, int]]) -> bytes:
    edges = [0, *(edge for cut in cuts for edge in cut), len(raw)]
    return b"".join(raw[at:end] for at, end in zip(edges[::2], edges[1::2], strict=True))


def _only_added(before: bytes, after: bytes) -> bool:
    """Whether one short text was put in somewhere, and nothing else is different."""
    added = len(after) - len(before)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after)))  # noqa: B905 (they differ in length)
    return 0 < added <= LONGEST_TAG and after[same + added :] == before[same:]
