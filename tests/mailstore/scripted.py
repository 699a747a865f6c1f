"""An IMAP server on loopback that says what a test tells it, and keeps what it hears."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

GREETING, CLOSE, SILENT, TRICKLE = "greeting", "close", "silent", "trickle"
FLOOD = "without end: "
PAUSE, PATIENCE, FLOOD_PATIENCE, FLOOD_BYTES = 0.02, 10.0, 1.0, 2**16
CAPABLE = "* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN"
DONE = "{tag} OK done"
GOOD = {
    GREETING: "* OK ready",
    "CAPABILITY": f"{CAPABLE}\r\n{DONE}",
    "AUTHENTICATE": "+ ",
    "LOGOUT": f"* BYE\r\n{DONE}",
}


@dataclass
class Scripted:
    """Replies by verb; `with` runs it. With `tls` it speaks TLS at once, or at STARTTLS.

    Instead of a reply: hang up, say nothing, send one byte after another for ever, or what
    follows FLOOD as fast as it goes.
    """

    context: ssl.SSLContext | None = None
    replies: dict[str, str] = field(default_factory=dict)
    at_once: bool = False
    heard: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listening.getsockname()[1]
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        # Closing alone would not wake up who waits for clients.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self.connections += 1
                self._begin(_Talk(self, client).run)

    def told(self, verb: str) -> str:
        """Return what is said to a verb."""
        return self.replies.get(verb, GOOD.get(verb, DONE))

    def over(self, seconds: float = 0.0) -> bool:
        """Wait, and return whether the test is over."""
        return self._over.wait(seconds)


class _Talk:
    """One connection of a client."""

    def __init__(self, server: Scripted, client: socket.socket) -> None:
        self._server, self._client = server, client
        client.settimeout(PATIENCE)

    def run(self) -> None:
        with contextlib.suppress(OSError):
            if self._server.at_once:
                self._secure()
            if self._say(GREETING):
                self._obey()
        self._client.close()

    def _secure(self) -> None:
        if self._server.context:
            self._client = self._server.context.wrap_socket(self._client, server_side=True)

    def _obey(self) -> None:
        goes_on = True
        while goes_on and (line := self._hear()):
            tag, _, rest = line.partition(" ")
            verb = rest.split(" ")[0].upper()
            goes_on = self._say(verb, tag)
            if verb == "AUTHENTICATE" and goes_on and self._hear():
                goes_on = self._say("RESPONSE", tag)
            if verb == "STARTTLS":
                self._secure()

    def _hear(self) -> str:
        """Return one line; byte by byte, for nothing of TLS may be taken with it."""
        line = b""
        while not line.endswith(b"\n"):
            byte = self._client.recv(1)
            if not byte:
                return ""
            line += byte
        self._server.heard.append(line.decode().rstrip())
        return self._server.heard[-1]

    def _say(self, verb: str, tag: str = "*") -> bool:
        """Whether the conversation goes on after what is said."""
        told = self._server.told(verb)
        while told == TRICKLE and not self._server.over(PAUSE):
            self._client.sendall(b"*")
        if told.startswith(FLOOD):
            piece = told.removeprefix(FLOOD).encode()
            # Whoever has read enough may leave the connection open for a while.
            self._client.settimeout(FLOOD_PATIENCE)
            while not self._server.over():
                self._client.sendall(piece * (FLOOD_BYTES // len(piece)))
        if told == SILENT:
            self._server.over(PATIENCE)
        if told in (CLOSE, SILENT, TRICKLE):
            return False
        self._client.sendall(told.replace("{tag}", tag).encode() + b"\r\n")
        return True
