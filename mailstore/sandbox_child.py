"""The child's side of the sandbox: limits first, then one call after another.

Started as `python -m mailstore.sandbox_child MODULE DESCRIPTOR`; MODULE.SERVED names the
functions that may be called. Each takes the arguments, the mail's bytes and `ask`.
"""

import ctypes
import gc
import importlib
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from mailstore.sandbox import LENGTH, pack_frame

MEMORY = 768 * 2**20
LARGEST_FILE = 256 * 2**20
MOST_FILES = 64
LONGEST_CALL = 60
# Whoever takes and hands on mail goes first when a parser spins.
CALMER = 5
AT_ONCE = 2**18
NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000

Ask = Callable[[Any], Any]
Served = Callable[[Any, bytes, Ask], Any]


def main(module: str, descriptor: int) -> None:
    """Serve calls until the parent goes away."""
    limit()
    served: dict[str, Served] = importlib.import_module(module).SERVED
    # What came with the code stays for good; only what a call leaves behind is looked through.
    gc.freeze()
    os.nice(CALMER)
    sock = socket.socket(fileno=descriptor)
    sock.sendall(pack_frame({"ready": True}))
    while (request := _receive(sock)) is not None:
        call, content = request
        # Should the parent die while this call spins, nobody else would end it.
        signal.alarm(LONGEST_CALL)
        try:
            result = served[call["call"]](call["args"], content, lambda what: _ask(sock, what))
            reply = {"result": result}
        except (RecursionError, MemoryError) as error:
            reply = {"failed": type(error).__name__}
        except Exception as error:  # noqa: BLE001 (an edge: the parent decides what it means)
            reply = {"failed": f"{type(error).__name__}: {error}"[:500]}
        signal.alarm(0)
        sock.sendall(pack_frame(reply))


def limit() -> None:
    """Bound memory and files, and leave the network where the kernel lets us."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
        (resource.RLIMIT_NOFILE, MOST_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.unshare(NEW_USER | NEW_NETWORK)


def _receive(sock: socket.socket) -> tuple[dict[str, Any], bytes] | None:
    """Return a frame, and the mail that came with it."""
    body, descriptors, _, _ = socket.recv_fds(sock, AT_ONCE, 1)
    if not body:
        return None
    body = _at_least(sock, body, LENGTH)
    end = LENGTH + int.from_bytes(body[:LENGTH])
    body = _at_least(sock, body, end)
    frame: dict[str, Any] = json.loads(body[LENGTH:end])
    if descriptors:
        with os.fdopen(descriptors[0], "rb") as file:
            file.seek(0)
            return frame, file.read()
    return frame, _at_least(sock, body, end + frame.get("size", 0))[end:]


def _at_least(sock: socket.socket, body: bytes, length: int) -> bytes:
    while len(body) < length:
        more = sock.recv(AT_ONCE)
        if not more:
            sys.exit(0)  # the parent is gone
        body += more
    return body


def _ask(sock: socket.socket, what: object) -> Any:
    sock.sendall(pack_frame({"ask": what}))
    answer = _receive(sock)
    if answer is None:
        sys.exit(0)
    return answer[0]["answer"]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
