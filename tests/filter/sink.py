"""A next hop on loopback that says what a test tells it, and keeps what it gets."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field
from typing import Any

END = b"\r\n.\r\n"
GREETING, CONTENT, DOT = "connect", "content", "dot"
# Instead of a reply: hang up, or say nothing and stay.
CLOSE, SILENT = None, ""
OFFERS = ("PIPELINING", "8BITMIME", "SMTPUTF8")
GOOD = {
    GREETING: "220 sink",
    "DATA": "354 go on",
    DOT: "250 2.0.0 kept",
    "STARTTLS": "220 2.0.0 go on",
}
GOODBYE = "421"
NO_MORE = f"{GOODBYE} 4.7.0 too many connections"


@dataclass
class Sink:
    """Replies by command line, verb or stage; what is not told is answered with 250.

    `turns` are replies that come first, one for each time. Before a reply it waits for the
    `pauses` of its stage, and hangs up after those of `last` and after any 421. Within the content
    of mail to `hang_up_on` it hangs up; it thinks for `pause` seconds about each mail it has. More
    than `most` connections at a time are sent away. With a `context` it speaks TLS, after whatever
    it says `between` its 220 and the handshake; one that `stays` never shakes hands.
    """

    replies: dict[str, str | None] = field(default_factory=dict)
    offers: tuple[str, ...] = OFFERS
    turns: dict[str, list[str | None]] = field(default_factory=dict)
    pauses: dict[str, float] = field(default_factory=dict)
    connections: int = 0
    last: str = ""
    commands: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    secret: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    port: int = 0
    hang_up_on: str = ""
    pause: float = 0.0
    most: int = 1000
    context: ssl.SSLContext | None = None
    between: bytes = b""
    stays: bool = False
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> None:
        """Listen, at the same port as before if there was one."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Answer nobody any more."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await _Session(self, reader, writer).converse(crowded=len(self._open) > self.most)
        finally:
            self._open.discard(writer)
            writer.close()

    def told(self, *keys: str) -> str | None:
        """Return what is to be said at a stage, whose keys go from special to general."""
        for key in keys:
            if self.turns.get(key):
                return self.turns[key].pop(0)
            if key in self.replies:
                return self.replies[key]
        if keys[-1] in ("EHLO", "LHLO"):
            return "\r\n".join(["250-sink", *(f"250-{offer}" for offer in self.offers), "250 HELP"])
        return GOOD.get(keys[-1], "250 2.0.0 ok")


class _Session:
    """One connection to a sink."""

    def __init__(
        self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._sink, self._reader, self._writer = sink, reader, writer
        self._by_lmtp = self._secured = self._begun = False
        self._taken: list[str] = []
        self._read = bytearray()

    async def converse(self, *, crowded: bool) -> None:
        if crowded:
            self._writer.write(f"{NO_MORE}\r\n".encode())
            return
        alive = await self._say(GREETING)
        while alive:
            line = await self._line()
            self._note(line)
            alive = await self._answer(line, line.split(" ")[0].upper())
            await self._writer.drain()

    def _note(self, line: str) -> None:
        (self._sink.secret if self._secured else self._sink.plain).append(line)
        self._sink.commands.append(line)

    async def _answer(self, line: str, verb: str) -> bool:
        told = self._sink.told(line, verb)
        alive = await self._write(verb, told) and verb != "QUIT"
        self._by_lmtp = self._by_lmtp or verb == "LHLO"
        if verb == "MAIL":
            self._begun, self._taken = (told or "").startswith("2"), []
        if verb == "RCPT" and self._begun and (told or "").startswith("2"):
            self._taken.append(line)
        if verb == "DATA" and (told or "").startswith("3"):
            return await self._take()
        if verb == "STARTTLS" and (told or "").startswith("2"):
            return await self._secure()
        return alive

    async def _secure(self) -> bool:
        self._writer.write(self._sink.between)
        if self._sink.stays:
            await asyncio.Event().wait()
        if self._sink.context is not None:
            await self._writer.start_tls(self._sink.context)
            self._secured = True
        return self._sink.context is not None

    async def _take(self) -> bool:
        self._read[:0] = END[:2]  # a mail may be empty
        seen = 0
        while (end := self._read.find(END, seen)) < 0:
            seen = max(len(self._read) - len(END), 0)
            if self._sink.replies.get(CONTENT, "250") == SILENT:
                await asyncio.Event().wait()
            chunk = await self._chunk()
            if self._breaks_off():
                self._writer.transport.abort()
                return False
            self._read += chunk
        self._sink.mails.append(bytes(self._read[2 : end + len(END)]))
        del self._read[: end + len(END)]
        await asyncio.sleep(self._sink.pause)
        return await self._give_verdicts()

    async def _give_verdicts(self) -> bool:
        # By LMTP a reply for each recipient that was taken (RFC 2033 §4.2).
        for line in self._taken if self._by_lmtp else ("",):
            if not await self._say(DOT, f"{DOT} {line}"):
                return False
        return True

    async def _line(self) -> str:
        while b"\r\n" not in self._read:
            self._read += await self._chunk()
        line, _, self._read = self._read.partition(b"\r\n")
        return line.decode()

    async def _chunk(self) -> bytes:
        chunk = await self._reader.read(65536)
        if not chunk:
            raise asyncio.IncompleteReadError(bytes(self._read), None)
        return chunk

    def _breaks_off(self) -> bool:
        sink = self._sink
        if sink.turns.get(CONTENT):
            return sink.turns[CONTENT].pop(0) is CLOSE
        named = bool(sink.hang_up_on) and sink.hang_up_on in sink.commands[-2]
        return CONTENT in sink.replies or named

    async def _say(self, stage: str, special: str = "") -> bool:
        return await self._write(stage, self._sink.told(special or stage, stage))

    async def _write(self, stage: str, told: str | None) -> bool:
        await asyncio.sleep(self._sink.pauses.get(stage, 0.0))
        if told:
            self._writer.write(told.encode() + b"\r\n")
        return told is not CLOSE and stage != self._sink.last and not told.startswith(GOODBYE)


def unstuffed(wire: bytes) -> bytes:
    """Return the mail that a strict server reads from what came over the wire."""
    return (b"\r\n" + wire.removesuffix(b".\r\n")).replace(b"\r\n.", b"\r\n")[2:]


def everything(*chunks: bytes) -> Any:
    """Return content as a connection wants it."""
    return lambda: iter(chunks)
