"""A web server on loopback that publishes what a domain asks for, and can do it wrongly."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field

ENFORCE = "version: STSv1\r\nmode: enforce\r\nmx: mx.there.example\r\nmax_age: 604800\r\n"


@dataclass
class PolicyServer:
    """Answers every request in the same way; one that is `silent` never does."""

    context: ssl.SSLContext
    body: str = ENFORCE
    status: str = "200 OK"
    headers: tuple[str, ...] = ("Content-Type: text/plain; charset=utf-8",)
    silent: bool = False
    asked: list[str] = field(default_factory=list)
    port: int = 0

    async def start(self) -> None:
        """Listen, on a free port."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0, ssl=self.context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Answer nobody any more."""
        self._server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            asked = (await reader.readuntil(b"\r\n\r\n")).decode()
            line, host, *_ = asked.split("\r\n")
            self.asked.append(f"{line.split(' ')[1]} {host}")
            if self.silent:
                await reader.read()
            head = "\r\n".join([f"HTTP/1.1 {self.status}", *self.headers, "Connection: close"])
            writer.write(f"{head}\r\n\r\n{self.body}".encode())
            await writer.drain()
        writer.transport.abort() if self.silent else writer.close()
