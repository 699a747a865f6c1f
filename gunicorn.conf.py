"""How gunicorn runs the portal; it reads this file wherever `gunicorn wsgi:app` is said here."""

import gc
import os
import socket
import struct
import sys
from typing import Any

workers = 2
# The rows' and the rules' code is loaded once, and shared.
preload_app = True
# A client that sends slowly, or thinks, holds a thread and not a whole process.
worker_class = "gthread"
threads = 4
keepalive = 5
loglevel = "warning"
control_socket_disable = True
# A proxy of ours may say by X-Forwarded-Proto that people came by https, and nothing else:
# a path that a header of a stranger brings along would lead past what the proxy keeps shut.
forwarded_allow_ips = os.environ.get("MAILHAFEN_WEB_PROXIES", "127.0.0.1,::1")
forwarder_headers = ""

# A page makes and drops some ten thousand objects; a look through all others for each takes time.
YOUNG, MIDDLE, OLD = 20_000, 20, 20

# Seconds that a thread may compute; in the usual five thousandths two of them hinder each other.
TURN = 0.05

# Seconds after which whoever stops in the middle of a request, or of its answer, is let go.
STALLED = {socket.SO_RCVTIMEO: 5, socket.SO_SNDTIMEO: 30}


def when_ready(server: Any) -> None:
    """Let connections time out; gunicorn 27 has no setting for that, but they inherit these."""
    for listener in server.LISTENERS:
        for way, seconds in STALLED.items():
            listener.sock.setsockopt(socket.SOL_SOCKET, way, struct.pack("ll", seconds, 0))


def pre_fork(_server: object, _worker: object) -> None:
    """Leave what was loaded alone from now on, so that processes go on sharing it."""
    gc.collect()
    gc.freeze()


def post_fork(_server: object, _worker: object) -> None:
    """Collect more rarely, and let a thread finish its page before another has its turn."""
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    sys.setswitchinterval(TURN)
