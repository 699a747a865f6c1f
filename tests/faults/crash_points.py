"""Lets a process die exactly at each step of a mail's way, and checks the exact outcome.

    python -m tests.faults.crash_points [--only STEP]

For each step: what the sender was told, how often the mail is stored and how often it came.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import func, select, true

from bench.installation import PASSWORD, USER
from bench.load import mail
from filter.rules.gtube import TEST_STRING
from mailstore import quarantine
from mailstore.deliveries import Delivery, State
from mailstore.events import Event
from mailstore.scope import EVERYBODY
from tests.faults.scene import Scene, arguments, report, until
from tests.faults.sender import Letter, Sender
from tests.faults.steps import called_for
from tests.faults.visitor import BROKEN, Visitor

PATIENCE = 30.0
SIZE = 20_000
RELEASE = "job_asked_for"
# While a released mail is scanned again.
RESCANS = ("release_claimed", "release_not_committed")


@dataclass(frozen=True, slots=True)
class Point:
    """A step, whose process dies, and what must come of it."""

    step: str
    process: str
    stored: int = 1
    came: int = 1
    answered: bool = False
    # Whether only a new process surely comes to it: it begins a pack, claims lanes, and connects.
    fresh: bool = False


POINTS = (
    Point("verdict_computed", "relay"),
    Point("slice_half_written", "relay"),
    Point("slice_not_synced", "relay"),
    Point("folder_not_synced", "relay", fresh=True),
    Point("pack_synced", "relay"),
    Point("rows_not_committed", "relay"),
    # The one stated inbound duplicate.
    Point("rows_committed", "relay", stored=2, came=2),
    Point("reply_sent", "relay", answered=True),
    Point("lane_claimed", "worker", answered=True, fresh=True),
    Point("claimed", "worker", answered=True),
    Point("connected", "worker", answered=True, fresh=True),
    Point("commands_said", "worker", answered=True),
    Point("mid_data", "worker", answered=True),
    # The stated outbound duplicate: the other server has the mail, and we do not know it.
    Point("dot_sent", "worker", came=2, answered=True),
    Point("hop_replied", "worker", came=2, answered=True),
    Point("outcome_not_committed", "worker", came=2, answered=True),
    Point("outcome_committed", "worker", answered=True),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if an outcome is another, or an invariant is broken."""
    parser = arguments(__doc__, only="")
    args = parser.parse_args(argv)
    chosen = [point for point in POINTS if args.only in ("", point.step)]
    release = args.only in ("", RELEASE)
    rescans = [step for step in RESCANS if args.only in ("", step)]
    begun = time.monotonic()
    wrong: list[str] = []
    senders: list[Sender] = []
    scene = Scene(("relay", "worker", *(["portal"] if release else [])), lease=1.0)
    _make_mortal(scene)
    with scene:
        for number, point in enumerate(chosen):
            letter = Letter(str(number), (USER,), mail(number, SIZE))
            senders.append(Sender(scene.smtp, [letter], sessions=1))
            wrong += _outcome(scene, point, senders[-1])
        if release:
            senders.append(_spam(scene, len(chosen)))
            wrong += _release(scene)
        for number, step in enumerate(rescans, len(chosen) + release):
            senders.append(_spam(scene, number))
            wrong += _rescan(scene, step)
        book = scene.book(*senders)
        broken = wrong + book.broken()
    points = len(chosen) + release + len(rescans)
    figures = {"points": points, "wrong": len(wrong)} | book.figures()
    figures["all_s"] = time.monotonic() - begun
    return report("crash_points", args.seed, figures, broken)


def _make_mortal(scene: Scene) -> None:
    """Let all processes start as such that can die at a step."""
    for name, command in scene.supervisor.commands.items():
        own = [] if name in ("relay", "worker") else list(command)[2:]
        scene.launch(name, "--die", str(scene.folder), command=own)


def _outcome(scene: Scene, point: Point, sender: Sender) -> Iterator[str]:
    """Let a process die on the way of one mail; yield what is not as the table says."""
    if point.fresh:
        scene.kill(point.process)
        scene.wait_up([point.process])
    _call_for(scene, point.step)
    sender.start()
    died = _dies(scene, point.process, point.step)
    answered = sender.join(PATIENCE)
    settled = scene.settle(PATIENCE)
    if not (died and answered and settled):
        yield f"{point.step}: died {died}, answered {answered}, settled {settled}"
        return
    (letter,) = sender.letters
    stored = sum(row.sha256 == letter.sha256 for row in scene.book().rows)
    came = sum(taken.id == letter.id for taken in scene.sink.taken)
    first = sender.attempts[0].promised
    if (stored, came, first) != (point.stored, point.came, point.answered):
        yield (
            f"{point.step}: stored {stored} of {point.stored}, came {came} of {point.came}, "
            f"answered {first} of {point.answered}"
        )


def _call_for(scene: Scene, step: str) -> None:
    called_for(scene.folder / step).touch()


def _dies(scene: Scene, process: str, step: str) -> bool:
    died = until((scene.folder / step).exists, PATIENCE, fail=False)
    scene.note(f"died at {step}", delivering=process == "worker")
    if died:
        scene.wait_up([process])
    return died


def _spam(scene: Scene, number: int) -> Sender:
    content = mail(number, SIZE) + TEST_STRING + b"\r\n"
    sender = Sender(scene.smtp, [Letter(str(number), (USER,), content)], sessions=1)
    sender.start()
    assert sender.join(PATIENCE)
    return sender


def _release(scene: Scene) -> Iterator[str]:
    """Press the button; the portal dies with the release committed and no answer sent."""
    number = _held(scene)
    if number is None:
        yield f"{RELEASE}: the spam is not held"
        return
    before = len(scene.sink.taken)
    _call_for(scene, RELEASE)
    visitor, path = Visitor(f"http://127.0.0.1:{scene.web}"), f"/quarantine/{number}/release"
    visitor.sign_in(USER, PASSWORD)
    codes = [visitor.post(path, "/quarantine/")[0] for _ in range(2)]
    if not _dies(scene, "portal", RELEASE) or codes[0] != BROKEN:
        yield f"{RELEASE}: answered {codes}"
    scene.settle(PATIENCE)
    released = select(func.count()).where(Event.kind == "released", Event.delivery_id == number)
    with closing(scene.store()) as store, store.read() as db:
        events = db.scalar(released)
    came = len(scene.sink.taken) - before
    if (events, came) != (1, 1):
        yield f"{RELEASE}: released {events} times, came {came} times"


def _held(scene: Scene) -> int | None:
    held = select(Delivery.id).where(Delivery.state == State.QUARANTINED)
    with closing(scene.store()) as store, store.read() as db:
        return db.scalar(held)


def _rescan(scene: Scene, step: str) -> Iterator[str]:
    """Release a mail; the worker dies before it has noted what the scan came to."""
    before = len(scene.sink.taken)
    _call_for(scene, step)
    with closing(scene.store()) as store, store.write() as db:
        released = quarantine.release(db, EVERYBODY, _held(scene) or 0, by="faults", may=true())
    died, settled = _dies(scene, "worker", step), scene.settle(PATIENCE)
    came = len(scene.sink.taken) - before
    if not (released and died and settled) or came != 1:
        yield f"{step}: released {released}, died {died}, settled {settled}, came {came} times"


if __name__ == "__main__":
    sys.exit(main())
