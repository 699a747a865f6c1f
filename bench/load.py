"""A load of SMTP sessions, with a ledger of what was answered."""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

TAKEN = 250
WORDS = b"Guten Tag, anbei die Offerte wie besprochen, mit freundlichen Gruessen aus dem Hafen. "


@dataclass(slots=True)
class Sent:
    """One mail: its id, its hash, what was answered to the dot, and how long that took."""

    id: str
    sha256: str
    code: int
    seconds: float
    reply: str = ""


@dataclass(slots=True)
class Load:
    """Sends `count` mails of `size` bytes over `sessions` sessions, each to all recipients.

    Each mail has a number, from `first` on.
    """

    port: int
    recipients: Sequence[str]
    count: int
    size: int
    sessions: int
    reuse: bool = True
    first: int = 0
    ledger: list[Sent] = field(default_factory=list)

    async def run(self) -> float:
        """Send what has no 250 yet and return the seconds it took; may be run again."""
        promised = {int(sent.id) for sent in self.ledger if sent.code == TAKEN}
        numbers = iter(
            [each for each in range(self.first, self.first + self.count) if each not in promised]
        )
        begun = time.monotonic()
        await asyncio.gather(*(self._session(numbers) for _ in range(self.sessions)))
        return time.monotonic() - begun

    async def _session(self, numbers: Iterator[int]) -> None:
        number = next(numbers, None)
        while number is not None:
            try:
                number = await self._connection(number, numbers)
            except (OSError, asyncio.IncompleteReadError, ValueError):
                # The relay died: whatever was not answered is not promised; go on.
                number = next(numbers, None)
                await asyncio.sleep(0.05)

    async def _connection(self, number: int | None, numbers: Iterator[int]) -> int | None:
        """Send mails over one connection and return the number that comes next."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            await read_reply(reader)
            writer.write(b"EHLO bench.example\r\n")
            await read_reply(reader)
            while number is not None:
                await self._mail(reader, writer, number)
                number = next(numbers, None)
                if not self.reuse:
                    break
            return number
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _mail(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        content = mail(number, self.size)
        rcpts = [f"RCPT TO:<{recipient}>\r\n".encode() for recipient in self.recipients]
        for command in (b"MAIL FROM:<bench@sender.example>\r\n", *rcpts, b"DATA\r\n"):
            writer.write(command)
            await read_reply(reader)
        writer.write(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        begun = time.monotonic()
        code, text = await read_reply(reader)
        digest = hashlib.sha256(content).hexdigest()
        self.ledger.append(Sent(str(number), digest, code, time.monotonic() - begun, text))


def mail(number: int, size: int) -> bytes:
    """Return a mail of about this size that carries its number."""
    head = (
        f"X-Bench-Id: {number}\r\nFrom: Bench <bench@sender.example>\r\n"
        f"To: user@rcpt.example\r\nSubject: Offerte {number}\r\n"
        f"Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nMessage-ID: <{number}@bench.example>\r\n\r\n"
    ).encode()
    lines = max(size - len(head), 0) // 70 + 1
    text = (WORDS * (lines + 2))[: lines * 68]
    body = b"\r\n".join(text[at : at + 68] for at in range(0, len(text), 68))
    return head + body + b"\r\n"


async def read_reply(reader: asyncio.StreamReader) -> tuple[int, str]:
    """Return code and last line of one reply."""
    while True:
        line = await reader.readuntil(b"\n")
        if line[3:4] != b"-":
            return int(line[:3]), line[4:].decode("utf-8", "replace").strip()
