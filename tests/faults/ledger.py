"""The ledger: what was promised, what is stored and what came, joined; says what is broken.

Four logs are joined: the sender's (each attempt and its reply), the sink's (each copy, and our
id of it), the injector's (each fault, and whether deliveries in flight became ambiguous), and
the rows with their packs. I1 to I7 are the invariants; each broken one is a sentence.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

from sqlalchemy import select

from bench.sink import Taken
from mailstore import checking
from mailstore.deliveries import Delivery, State
from mailstore.messages import Message
from mailstore.store import Store
from tests.faults.sender import Attempt, Letter, Sender

# A copy may be followed by a second one if its worker died so soon before or after.
AROUND = 1.0
PERMANENT = 500
WAITS, HELD, GONE = State.QUEUED, State.QUARANTINED, State.DELIVERED
PUBLIC_ID = re.compile(r"Taken as (\w+)")
LEAK = re.compile(
    r"Traceback|\b[A-Za-z]+(Error|Exception)\b|(?<!\S)/\w+/|\.py\b|SELECT|INSERT|sqlite|psycopg",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What was done to the installation; `delivering`: mail on its way out became ambiguous."""

    what: str
    at: float
    delivering: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A stored message for one recipient."""

    public_id: str
    sha256: str
    recipient: str
    state: State


@dataclass(slots=True)
class Book:
    """The four logs of one run."""

    senders: Sequence[Sender]
    taken: Sequence[Taken]
    faults: Sequence[Fault]
    store: Store
    rows: list[Row] = field(init=False)

    def __post_init__(self) -> None:
        with self.store.read() as db:
            found = db.execute(
                select(
                    Message.public_id, Message.sha256, Delivery.recipient, Delivery.state
                ).join_from(Delivery, Message)
            ).all()
        self.rows = [Row(*values) for values in found]

    @property
    def attempts(self) -> list[Attempt]:
        return [attempt for sender in self.senders for attempt in sender.attempts]

    @property
    def letters(self) -> list[Letter]:
        return [letter for sender in self.senders for letter in sender.letters]

    def broken(self) -> list[str]:
        """Return a sentence for each invariant that does not hold, and for each mail of it."""
        parts = (_missing, _astray, _changed, _copied, _unpromised, _answers, _waiting, _findings)
        return [sentence for part in parts for sentence in part(self)]

    def figures(self) -> dict[str, float]:
        """Return what was counted."""
        states = Counter(row.state for row in self.rows)
        copies = len({(taken.public_id, taken.recipient) for taken in self.taken})
        stored = {(row.sha256, row.recipient) for row in self.rows}
        return {
            "mails": len(self.letters),
            "attempts": len(self.attempts),
            "promised": sum(attempt.promised for attempt in self.attempts),
            "unanswered": sum(attempt.ambiguous for attempt in self.attempts),
            "deliveries": len(self.rows),
            "delivered": states[GONE],
            "held": states[HELD],
            "stored_twice": len(self.rows) - len(stored),
            "sent_twice": len(self.taken) - copies,
            "sent_twice_within_s": max((away for *_, away in _repeated(self)), default=0.0),
        }


def _missing(book: Book) -> Iterator[str]:
    """I1: what was answered 250 is delivered, queued or held, for each recipient."""
    by_pair = {(row.sha256, row.recipient) for row in book.rows}
    by_id = {row.public_id: row.sha256 for row in book.rows}
    for attempt in filter(lambda each: each.promised, book.attempts):
        letter, found = attempt.letter, PUBLIC_ID.search(attempt.reply)
        if found is None or by_id.get(found[1]) != letter.sha256:
            yield f"I1 mail {letter.id}: no row for the promise '{attempt.reply}'"
        for recipient in letter.recipients:
            if (letter.sha256, recipient) not in by_pair:
                yield f"I1 mail {letter.id}: not stored for {recipient}"


def _astray(book: Book) -> Iterator[str]:
    """I1 again: a row's state is true, and what is spam is held."""
    came = {(taken.public_id, taken.recipient) for taken in book.taken}
    spam = {letter.sha256 for letter in book.letters if letter.spam}
    for row in book.rows:
        if row.sha256 in spam and row.state is not HELD:
            yield f"I1 {row.public_id}: is spam, and {row.state}"
        if row.state is GONE and (row.public_id, row.recipient) not in came:
            yield f"I1 {row.public_id}: marked as delivered, never came"
        if row.state not in (GONE, WAITS, HELD):
            yield f"I1 {row.public_id}: is {row.state}"


def _changed(book: Book) -> Iterator[str]:
    """I2: what came is what was sent, byte for byte; an odd mail may have got a tag."""
    sent = {letter.id: letter for letter in book.letters}
    for taken in book.taken:
        letter = sent.get(taken.id)
        if letter is None or (letter.sha256 != taken.sha256 and not letter.odd):
            yield f"I2 mail {taken.id}: other bytes came"


def _copied(book: Book) -> Iterator[str]:
    """I3: one copy of each stored message, but where a worker died while it was on its way."""
    for public_id, recipient, away in _repeated(book):
        if away > AROUND:
            yield f"I3 {public_id}: came once more to {recipient}, and nothing explains it"


def _repeated(book: Book) -> Iterator[tuple[str, str, float]]:
    """Yield each copy that was followed by another, and how far from it a worker died.

    One death explains one more copy of each pair, and no second one.
    """
    times = defaultdict(list)
    for taken in book.taken:
        times[taken.public_id, taken.recipient].append(taken.at)
    for (public_id, recipient), at in times.items():
        deaths = [fault.at for fault in book.faults if fault.delivering]
        for first in sorted(at)[:-1]:
            nearest = min(deaths, key=lambda death: abs(first - death), default=inf)
            yield public_id, recipient, abs(first - nearest)
            if nearest in deaths:
                deaths.remove(nearest)


def _unpromised(book: Book) -> Iterator[str]:
    """I3 and I4: stored as often as answered 250, and once more for each dot without an answer."""
    most: Counter[str] = Counter()
    for attempt in book.attempts:
        most[attempt.letter.sha256] += attempt.promised or attempt.ambiguous
    stored = Counter((row.sha256, row.recipient) for row in book.rows)
    for (sha256, recipient), count in stored.items():
        if count > most[sha256]:
            yield f"I4 {sha256[:12]}: stored {count} times for {recipient}, at most {most[sha256]}"
    for letter in book.letters:
        if not most[letter.sha256] and not letter.odd:
            yield f"I4 mail {letter.id}: never answered 250"


def _answers(book: Book) -> Iterator[str]:
    """I5: no refusal of valid mail, and no text that gives something away."""
    said = [(each.code, each.reply) for each in book.attempts if not each.letter.odd]
    said += [each for sender in book.senders for each in sender.turned_away]
    for (code, text), count in Counter(said).items():
        if code >= PERMANENT:
            yield f"I5 {count} x {code} {text}"
        if LEAK.search(text):
            yield f"I5 {count} x a reply that tells too much: {code} {text}"


def _waiting(book: Book) -> Iterator[str]:
    """I6: nothing waits any more."""
    waiting = sum(row.state is WAITS for row in book.rows)
    if waiting:
        yield f"I6 {waiting} deliveries still wait"


def _findings(book: Book) -> Iterator[str]:
    """I7: the store is clean, and so is the database file."""
    for finding in checking.findings(book.store):
        yield f"I7 {finding}"
    if book.store.engine.dialect.name == "sqlite":
        with book.store.read() as db:
            connection = db.connection()
            for pragma, good in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
                said = [tuple(row) for row in connection.exec_driver_sql(f"PRAGMA {pragma}")]
                if said != good:
                    yield f"I7 {pragma}: {said[:3]}"
