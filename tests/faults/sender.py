"""A sender like those outside: it logs each attempt, and tries again what was not answered 250."""

import asyncio
import contextlib
import hashlib
import random
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bench.load import TAKEN, mail, read_reply
from filter.rules.gtube import TEST_STRING

PATIENCE = 150.0
PAUSE = 0.1
DOT = "dot"
PERMANENT = 500
SPAM_SHARE = 0.1
FOLDED = b"..\r\n.a line that begins with a dot\r\n"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to send: the same bytes at every attempt.

    An odd one may be refused or tagged; spam is to be held.
    """

    id: str
    recipients: tuple[str, ...]
    content: bytes
    odd: bool = False
    spam: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(slots=True)
class Attempt:
    """One try: how far it came, and the last reply; code 0 where the connection ended first."""

    letter: Letter
    begun: float
    step: str = "connect"
    code: int = 0
    reply: str = ""
    waited: float = 0.0
    ended: float = 0.0

    @property
    def promised(self) -> bool:
        """Whether the mail was answered 250."""
        return self.step == DOT and self.code == TAKEN

    @property
    def ambiguous(self) -> bool:
        """Whether the mail went out whole, perhaps, and no answer came."""
        return self.step == DOT and self.code == 0


@dataclass(slots=True)
class Sender:
    """Sends letters over a few sessions, each until it is answered 250 or refused for good.

    `at_once` letters wait for the first sessions, the others until they are released; a session
    pauses for `pace` seconds after each mail.
    """

    port: int
    letters: Sequence[Letter]
    sessions: int = 6
    source: str = "127.0.0.1"
    mail_from: str = "faults@sender.example"
    pace: float = 0.0
    at_once: int | None = None
    name: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    turned_away: list[tuple[int, str]] = field(default_factory=list)
    waiting: deque[Letter] = field(init=False)
    _later: deque[Letter] = field(init=False)
    _thread: threading.Thread | None = None
    _open: int = 0

    def __post_init__(self) -> None:
        self.waiting = deque(self.letters)
        self._later = deque[Letter]()
        if self.at_once is not None:
            self.waiting = deque(self.letters[: self.at_once])
            self._later = deque(self.letters[self.at_once :])
        self._open = len(self.letters)

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True)
        self._thread.start()

    def release(self, count: int) -> None:
        """Let so many more letters go."""
        for _ in range(min(count, len(self._later))):
            self.waiting.append(self._later.popleft())

    def join(self, seconds: float) -> bool:
        """Wait for the end; False if letters are left by then."""
        assert self._thread is not None
        self._thread.join(seconds)
        return not self._thread.is_alive()

    async def run(self) -> None:
        """Send everything."""
        await asyncio.gather(*(self._session() for _ in range(self.sessions)))

    async def _session(self) -> None:
        while self._open:
            if self.waiting:
                await self._connection()
            await asyncio.sleep(PAUSE)

    async def _connection(self) -> None:
        """Send over one connection for as long as it holds."""
        attempt = None
        with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self.port, local_addr=(self.source, 0)
            )
            try:
                async with asyncio.timeout(PATIENCE):
                    good = await self._hello(reader, writer)
                while good and self.waiting:
                    attempt = Attempt(self.waiting.popleft(), time.monotonic())
                    self.attempts.append(attempt)
                    await _send(reader, writer, attempt, self.mail_from)
                    self._put_back(attempt)
                    good = attempt.code == TAKEN
                    attempt = None
                    await asyncio.sleep(self.pace)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
        if attempt is not None:
            self._put_back(attempt)

    async def _hello(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        for command, wanted in ((b"", 220), (b"EHLO faults.example\r\n", TAKEN)):
            writer.write(command)
            code, text = await read_reply(reader)
            if code != wanted:
                self.turned_away.append((code, text))
                return False
        return True

    def _put_back(self, attempt: Attempt) -> None:
        if attempt.promised or attempt.code >= PERMANENT:
            self._open -= 1
        else:
            self.waiting.append(attempt.letter)


async def _send(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, attempt: Attempt, mail_from: str
) -> None:
    """Say one transaction; the attempt tells how far it came."""
    letter = attempt.letter
    commands = [f"MAIL FROM:<{mail_from}>"]
    commands += [f"RCPT TO:<{recipient}>" for recipient in letter.recipients]
    commands += ["DATA"]
    for command in commands:
        attempt.step, attempt.code = command[:4], 0
        writer.write(f"{command}\r\n".encode())
        await _answer(reader, attempt)
        if attempt.code not in (TAKEN, 354):
            return
    attempt.step, attempt.code = DOT, 0
    stuffed = (b"\r\n" + letter.content).replace(b"\r\n.", b"\r\n..")[2:]
    writer.write(stuffed + b".\r\n")
    await _answer(reader, attempt)


async def _answer(reader: asyncio.StreamReader, attempt: Attempt) -> None:
    begun = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            attempt.code, attempt.reply = await read_reply(reader)
    finally:
        attempt.ended = time.monotonic()
        attempt.waited = attempt.ended - begun


def letters(
    chance: random.Random,
    count: int,
    people: Sequence[str],
    *,
    first: int = 0,
    largest: int = 64_000,
) -> list[Letter]:
    """Return mails of mixed sizes to one to four of these people, a tenth of them spam."""
    return [letter(chance, number, people, largest) for number in range(first, first + count)]


def letter(chance: random.Random, number: int, people: Sequence[str], largest: int) -> Letter:
    """Return one mail; most are small, as mail is."""
    size = int(1000 * (largest / 1000) ** (chance.random() ** 2))
    content = mail(number, size) + FOLDED
    spam = chance.random() < SPAM_SHARE
    if spam:
        content += TEST_STRING + b"\r\n"
    most = min(len(people), 4)
    recipients = chance.sample(people, chance.choice((1, 1, 1, chance.randint(1, most))))
    return Letter(str(number), tuple(recipients), content, spam=spam)


def odd_letters(contents: Iterable[bytes], person: str, first: int) -> list[Letter]:
    """Return letters of given contents, each with its number on top."""
    return [
        Letter(str(number), (person,), f"X-Bench-Id: {number}\r\n".encode() + content, odd=True)
        for number, content in enumerate(contents, first)
    ]
