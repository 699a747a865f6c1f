"""A next hop on loopback that says what a test tells it, and keeps what it gets."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

END = b"\r\n.\r\n"
GREETING, CONTENT, DOT = "connect", "content", "dot"
# Instead of a reply: hang up, or say nothing and stay.
CLOSE, SILENT = None, ""
OFFERS = ("PIPELINING", "8BITMIME", "SMTPUTF8")
GOOD = {GREETING: "220 sink", "DATA": "354 go on", DOT: "250 2.0.0 kept"}


@dataclass
class Sink:
    """Replies by command line, verb or stage; what is not told is answered with 250.

    Within the content of mail to `hang_up_on` it hangs up; it thinks for `pause` seconds about
    each mail it has.
    """

    replies: dict[str, str | None] = field(default_factory=dict)
    offers: tuple[str, ...] = OFFERS
    connections: int = 0
    commands: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    port: int = 0
    hang_up_on: str = ""
    pause: float = 0.0
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
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._converse(reader, writer)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        alive = self._say(writer, GREETING)
        while alive:
            line = (await reader.readuntil(b"\r\n")).decode().removesuffix("\r\n")
            self.commands.append(line)
            alive = self._say(writer, line, line.split(" ")[0].upper())
            if line == "DATA" and (self._told("DATA") or "").startswith("3"):
                alive = await self._take(reader, writer)
            await writer.drain()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        wire = bytearray()
        while not (wire.endswith(END) or wire == END[2:]):
            if self.replies.get(CONTENT, "250") == SILENT:
                await asyncio.Event().wait()
            chunk = await reader.read(65536)
            if not chunk or CONTENT in self.replies or self._hangs_up():
                writer.transport.abort()
                return False
            wire += chunk
        self.mails.append(bytes(wire))
        await asyncio.sleep(self.pause)
        return self._say(writer, DOT)

    def _hangs_up(self) -> bool:
        return bool(self.hang_up_on) and self.hang_up_on in self.commands[-2]

    def _say(self, writer: asyncio.StreamWriter, *keys: str) -> bool:
        told = self._told(*keys)
        if told:
            writer.write(told.encode() + b"\r\n")
        return told is not CLOSE and keys[-1] != "QUIT"

    def _told(self, *keys: str) -> str | None:
        for key in keys:
            if key in self.replies:
                return self.replies[key]
        if keys[-1] == "EHLO":
            return "\r\n".join(["250-sink", *(f"250-{offer}" for offer in self.offers), "250 HELP"])
        return GOOD.get(keys[-1], "250 2.0.0 ok")


def unstuffed(wire: bytes) -> bytes:
    """Return the mail that a strict server reads from what came over the wire."""
    return (b"\r\n" + wire.removesuffix(b".\r\n")).replace(b"\r\n.", b"\r\n")[2:]


def everything(*chunks: bytes) -> Any:
    """Return content as a connection wants it."""
    return lambda: iter(chunks)
