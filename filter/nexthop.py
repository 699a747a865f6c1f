"""An ESMTP client for one next hop: kept open, pipelined (RFC 2920), many mails each.

What the other server says is an outcome, never an exception; only a connection that cannot be
made or breaks is, and then nobody knows what became of the mail in flight: it is tried again.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from mailstore.addresses import Address
from mailstore.deliveries import Outcome, Result
from mailstore.errors import BadAddress

CONNECT_SECONDS = 30.0
# RFC 5321 §4.5.3.2, per phase.
GREETING_SECONDS, COMMAND_SECONDS, BLOCK_SECONDS, END_SECONDS = 300.0, 300.0, 180.0, 600.0
LONGEST_LINE = 2048
COMMANDS = 3
YES, GO_ON, NO = 2, 3, 5
MOST_LINES = 100
WRITE_BUFFER = 2**20


class HopDown(Exception):
    """The next hop does not answer, or ended the connection; the text says how."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of the other server."""

    code: int
    text: str

    @property
    def kind(self) -> int:
        """The class of the reply: 2 yes, 3 go on, 4 not now, 5 no (RFC 5321 §4.2.1)."""
        return self.code // 100

    def outcome(self) -> Outcome:
        """Return what the reply means for the mail it answers."""
        if self.kind == YES:
            return Outcome(Result.SENT, self.text)
        return Outcome(Result.REFUSED if self.kind == NO else Result.TRY_LATER, self.text)


class Connection:
    """One connection; use `async with`."""

    def __init__(self, host: str, port: int, hostname: str) -> None:
        self._host, self._port, self._hostname = host, port, hostname
        self._extensions: set[str] = set()
        self._broken = False

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                self._reader, self._writer = await asyncio.open_connection(
                    self._host, self._port, limit=LONGEST_LINE
                )
        except OSError as error:
            raise HopDown(f"no connection: {error.strerror or type(error).__name__}") from error
        self._writer.transport.set_write_buffer_limits(WRITE_BUFFER)
        try:
            await self._greet()
        except HopDown:
            self._writer.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self._writer.is_closing():
            self._writer.write(b"QUIT\r\n")
            self._writer.close()

    @property
    def alive(self) -> bool:
        """Whether another mail can be sent: nothing broke, and nobody hung up as far as we know."""
        return not (self._broken or self._writer.is_closing() or self._reader.at_eof())

    async def send(self, sender: str, recipient: str, content: "Content") -> Outcome:
        """Send one mail to one recipient; raises HopDown where the connection breaks."""
        for address in filter(None, (sender, recipient)):
            if not self._can_write(address):
                return Outcome(Result.REFUSED, f"553 5.6.7 {address!a} cannot be written here")
        try:
            return await self._transaction(sender, recipient, content)
        except BaseException:
            self._broken = True
            raise

    async def _transaction(self, sender: str, recipient: str, content: "Content") -> Outcome:
        replies = await self._begin(sender, recipient)
        refused = next((reply for reply in replies if reply.kind not in (YES, GO_ON)), None)
        if refused is not None:
            await self._take_back(replies)
            return refused.outcome()
        if [reply.kind for reply in replies] != [YES, YES, GO_ON]:
            raise HopDown("the replies do not fit the commands")
        await self._write_content(content)
        return (await self._reply(END_SECONDS)).outcome()

    def _can_write(self, address: str) -> bool:
        """Whether an address can be said to this server, and is one at all."""
        try:
            Address.parse(address)
        except BadAddress:
            return False
        return address.isascii() or "SMTPUTF8" in self._extensions

    async def _greet(self) -> None:
        greeting = await self._reply(GREETING_SECONDS)
        if greeting.kind != YES:
            raise HopDown(greeting.text)
        self._write(f"EHLO {self._hostname}\r\n".encode())
        hello = await self._reply(COMMAND_SECONDS)
        if hello.kind != YES:
            self._write(f"HELO {self._hostname}\r\n".encode())
            hello = await self._reply(COMMAND_SECONDS)
        if hello.kind != YES:
            raise HopDown(hello.text)
        offers = (line.split() for line in hello.text.split("\n")[1:])
        self._extensions = {words[1].upper() for words in offers if len(words) > 1}

    async def _begin(self, sender: str, recipient: str) -> list[Reply]:
        """Say MAIL, RCPT and DATA; stops at the first refusal unless they went together."""
        commands = self._commands(sender, recipient)
        together = "PIPELINING" in self._extensions
        if together:
            self._write(b"".join(commands))
        replies: list[Reply] = []
        for command in commands:
            if not together:
                self._write(command)
            replies.append(await self._reply(COMMAND_SECONDS))
            if not together and replies[-1].kind not in (YES, GO_ON):
                break
        return replies

    def _commands(self, sender: str, recipient: str) -> list[bytes]:
        parameters = " BODY=8BITMIME" if "8BITMIME" in self._extensions else ""
        if not (sender + recipient).isascii() and "SMTPUTF8" in self._extensions:
            parameters += " SMTPUTF8"
        lines = (f"MAIL FROM:<{sender}>{parameters}", f"RCPT TO:<{recipient}>", "DATA")
        return [f"{line}\r\n".encode() for line in lines]

    async def _take_back(self, replies: list[Reply]) -> None:
        """Leave a refused transaction; a DATA that was let in all the same ends empty."""
        if len(replies) == COMMANDS and replies[-1].kind == GO_ON:
            self._write(b".\r\n")
            await self._reply(END_SECONDS)
        self._write(b"RSET\r\n")
        await self._reply(COMMAND_SECONDS)

    async def _write_content(self, content: "Content") -> None:
        stuffed = DotStuffer()
        try:
            for chunk in content():
                self._write(stuffed.feed(chunk))
                await self._drain()
        except BaseException:
            # The mail must not end here as if it were whole.
            self._writer.transport.abort()
            raise
        self._write(stuffed.end())

    def _write(self, data: bytes) -> None:
        # uvloop 0.23 has its own error for writing to what is closed.
        if self._writer.is_closing():
            raise HopDown("the connection broke")
        self._writer.write(data)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(BLOCK_SECONDS):
                await self._writer.drain()
        except OSError as error:
            raise HopDown(f"the connection broke: {type(error).__name__}") from error

    async def _reply(self, seconds: float) -> Reply:
        lines: list[str] = []
        try:
            async with asyncio.timeout(seconds):
                while len(lines) < MOST_LINES:
                    raw = await self._reader.readuntil(b"\n")
                    line = raw.decode("utf-8", "replace").rstrip("\r\n")
                    lines.append(line)
                    if line[3:4] != "-":
                        return _parse(lines)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise HopDown(f"the connection broke: {type(error).__name__}") from error
        raise HopDown("the reply does not end")


Content = Callable[[], Iterable[bytes]]


class DotStuffer:
    """Doubles leading dots and adds the terminator (RFC 5321 §4.5.2), however chunks are cut."""

    def __init__(self) -> None:
        self._tail = b"\r\n"

    def feed(self, chunk: bytes) -> bytes:
        """Return what goes over the wire for this chunk."""
        whole = self._tail + chunk
        stuffed = whole.replace(b"\r\n.", b"\r\n..")
        kept, self._tail = len(self._tail), whole[-2:]
        return stuffed[kept:]

    def end(self) -> bytes:
        """Return the terminator, with a line end where the mail lacks its last one."""
        return b".\r\n" if self._tail == b"\r\n" else b"\r\n.\r\n"


def _parse(lines: list[str]) -> Reply:
    try:
        code = int(lines[-1][:3])
    except ValueError:
        raise HopDown("the reply is not SMTP") from None
    return Reply(code, "\n".join([lines[-1][:3] + " " + line[4:] for line in lines]).strip())
