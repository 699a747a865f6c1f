"""An outage of three days, scaled: mail comes, people work, the server returns, dies, and is back.

    python -m tests.faults.outage --mails 300 --day 6

Giving up takes two of these days, so that mail that fails for age would be found. Meanwhile a
person reads, hides, releases and has mail of the day before delivered again. Each mail comes once
(twice what is delivered again on purpose, or was in flight when the server died again), in order
of age, and the outage is one.
"""

import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from bench.installation import PASSWORD, USER
from bench.sink import Taken
from filter.crew import MOST_CONNECTIONS
from mailstore.deliveries import Delivery, State
from mailstore.incidents import Incident, IncidentKind
from mailstore.messages import Message
from tests.faults.scene import Scene, arguments, report, until
from tests.faults.sender import Letter, Sender, letters
from tests.faults.visitor import Visitor

DAYS, DAY_SECONDS = 3, 24 * 3600
GIVE_UP_DAYS = 2
YESTERDAY = 12
LARGEST = 4000
# Long enough to catch it within its work.
PAUSE, AMID = 0.02, 10
SESSIONS, OK = 3, 200
MAIL = re.compile(r"/webmail/m/(\d+)")
HELD = re.compile(r"/quarantine/(\d+)")

Pair = tuple[str, str]


@dataclass(slots=True)
class Person:
    """Somebody who works on in the emergency webmail."""

    browser: Visitor

    def works(self) -> None:
        """Read a mail, hide another, and release a held one."""
        read, hidden, *_ = self.finds("/webmail/", MAIL)
        assert self.browser.get(f"/webmail/m/{read}")[0] == OK
        self._does(f"/webmail/m/{hidden}", "hide")
        held = self.finds("/quarantine/", HELD)
        if held:
            self._does(f"/quarantine/{held[0]}", "release")

    def gets_again(self, delivery_id: int) -> None:
        """Have a mail that the server took delivered again."""
        page, form = f"/webmail/restore/?m={delivery_id}", {"m": str(delivery_id), "again": "yes"}
        code, _ = self.browser.post("/webmail/restore/deliver", page, **form)
        assert code == OK

    def finds(self, page: str, link: re.Pattern[str]) -> list[int]:
        """Return what a list shows, from the top."""
        _, text = self.browser.get(page)
        return list(dict.fromkeys(map(int, link.findall(text))))

    def _does(self, page: str, deed: str) -> None:
        code, _ = self.browser.post(f"{page}/{deed}", page)
        assert code == OK, (page, deed, code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if anything of it does not hold."""
    args = arguments(__doc__, mails=300, day=6.0).parse_args(argv)
    chance = random.Random(args.seed)  # noqa: S311 (repeatable on purpose)
    scaled = str(GIVE_UP_DAYS * args.day / DAY_SECONDS)
    with Scene(("relay", "worker", "portal"), give_up_days=scaled) as scene:
        yesterday = letters(chance, YESTERDAY, [USER], largest=LARGEST)
        rest = letters(chance, args.mails, scene.people, first=YESTERDAY, largest=LARGEST)
        _send(scene, yesterday, 0)
        scene.settle()
        begun = time.monotonic()
        amid = _live_through(scene, rest, args.day)
        lasted = time.monotonic() - begun
        scene.settle()
        until(lambda: all(each.ended_at for each in _outages(scene)))
        broken = [*_broken(scene, amid)]
        figures = {
            "mails": len(yesterday) + len(rest),
            "outage_s": lasted,
            "came": len(scene.sink.taken),
            "ambiguous": scene.logged()["delivery_ambiguous"],
        }
    return report("outage", args.seed, figures, broken)


def _live_through(scene: Scene, rest: Sequence[Letter], day: float) -> int:
    """Let three days go by; returns how many mails had come when the server died again."""
    person = Person(Visitor(f"http://127.0.0.1:{scene.web}"))
    person.browser.sign_in(USER, PASSWORD)
    yesterday, amid = person.finds("/webmail/", MAIL), 0
    scene.sink.down()
    began = time.monotonic()
    for number in range(DAYS):
        _send(scene, rest[number::DAYS], day / 2)
        person.works()
        person.gets_again(yesterday[number])
        if number == 1:
            amid = _back_and_gone(scene)
        time.sleep(max(began + (number + 1) * day - time.monotonic(), 0))
    scene.sink.up()
    return amid


def _back_and_gone(scene: Scene) -> int:
    """Let the server answer, and die while it takes mail."""
    before, scene.sink.pause = len(scene.sink.taken), PAUSE
    scene.sink.up()
    until(lambda: len(scene.sink.taken) >= before + AMID)
    scene.sink.down()
    scene.sink.pause = 0.0
    return len(scene.sink.taken)


def _send(scene: Scene, part: Sequence[Letter], seconds: float) -> None:
    sender = Sender(scene.smtp, part, sessions=SESSIONS, pace=SESSIONS * seconds / len(part))
    sender.start()
    assert sender.join(60)


def _outages(scene: Scene) -> Sequence[Incident]:
    with closing(scene.store()) as store, store.read() as db:
        return db.scalars(select(Incident).where(Incident.kind == IncidentKind.OUTAGE)).all()


def _broken(scene: Scene, amid: int) -> Iterator[str]:
    with closing(scene.store()) as store, store.read() as db:
        query = select(Delivery, Message.public_id).join(Message, Delivery.message_id == Message.id)
        rows = [(row, (public_id, row.recipient)) for row, public_id in db.execute(query)]
    for row, pair in rows:
        if row.state not in (State.DELIVERED, State.QUARANTINED):
            yield f"{pair}: is {row.state}"
    wanted = Counter(pair for row, pair in rows if row.state is State.DELIVERED)
    yield from _counts(scene, wanted)
    turns = {pair: row.queued_at for row, pair in rows if row.queued_at and wanted[pair] == 1}
    yield from _order(scene.sink.taken[amid:], turns)
    if len(found := _outages(scene)) != 1:
        yield f"{len(found)} outages were told of, there was one"


def _counts(scene: Scene, wanted: Counter[Pair]) -> Iterator[str]:
    """Each mail came as often as it should; once more only what was in flight."""
    came = Counter((each.public_id, each.recipient) for each in scene.sink.taken)
    for pair, times in wanted.items():
        if came[pair] < times:
            yield f"{pair}: came {came[pair]} times of {times}"
    twice, explained = (came - wanted).total(), scene.logged()["delivery_ambiguous"]
    if twice > explained:
        yield f"{twice} mails came once more, {explained} were in flight"


def _order(came: Sequence[Taken], turns: Mapping[Pair, datetime]) -> Iterator[str]:
    """The oldest came first, as far as several connections keep an order."""
    order = [pair for each in came if (pair := (each.public_id, each.recipient)) in turns]
    places = {pair: place for place, pair in enumerate(sorted(order, key=turns.__getitem__))}
    for place, pair in enumerate(order):
        if abs(place - places[pair]) > MOST_CONNECTIONS:
            yield f"{pair}: came as {place}., its age makes it {places[pair]}."


if __name__ == "__main__":
    sys.exit(main())
