"""Somebody's web server on loopback that takes webhooks, answers as told, and keeps what it got."""

import base64
import hashlib
import hmac
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

SOON = 0.02
LONGEST_AGO = 300


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came."""

    path: str
    headers: Message
    body: bytes


@dataclass
class Receiver:
    """A server; `with Receiver() as it:` runs it. What it says is its `code` and `location`.

    One that is `silent` says nothing, one that is `slow` a letter of its header now and then, and
    one that is `endless` never ends its body, until whoever asked hangs up.
    """

    code: int = 204
    location: str = ""
    manner: str = ""
    calls: list[Call] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.take(self)

            def log_message(self, *_: object) -> None:
                """Say nothing on stderr."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(SOON,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def take(self, request: BaseHTTPRequestHandler) -> None:
        """Keep a request and answer it."""
        body = request.rfile.read(int(request.headers["Content-Length"]))
        self.calls.append(Call(request.path, request.headers, body))
        with suppress(ConnectionError):
            self._answer(request)

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        if self.manner == "silent":
            self.closing.wait()
            return
        if self.manner == "slow":
            self._go_on(request, b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x")
        request.send_response(self.code)
        if self.location:
            request.send_header("Location", self.location)
        if self.manner != "endless":
            request.send_header("Content-Length", "0")
        request.end_headers()
        if self.manner == "endless":
            self._go_on(request, b"", b"x" * 1000)

    def _go_on(self, request: BaseHTTPRequestHandler, begin: bytes, more: bytes) -> None:
        request.wfile.write(begin)
        while not self.closing.wait(SOON):
            request.wfile.write(more)


def is_proven(call: Call, secret: str) -> bool:
    """Whether a webhook is from who knows a secret, as the specification has receivers check it.

    Standard Webhooks 1.0: base64 of HMAC-SHA256 over `id.timestamp.payload`, by a key that is
    written in base64 after `whsec_`; one of several signatures must fit, and be of now.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    name, at = call.headers["webhook-id"], call.headers["webhook-timestamp"]
    digest = hmac.new(key, b".".join((name.encode(), at.encode(), call.body)), hashlib.sha256)
    wanted = f"v1,{base64.b64encode(digest.digest()).decode()}"
    given = call.headers["webhook-signature"].split(" ")
    return wanted in given and abs(time.time() - int(at)) < LONGEST_AGO
