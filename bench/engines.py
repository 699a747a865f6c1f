"""Other engines, started on loopback with what they know by themselves: no network, no learning."""

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.corpus import Judged
from bench.installation import free_port
from bench.judges import Judge, Opinion

NETWORK_MODULES = (
    *("antivirus", "arc", "asn", "aws_s3", "bimi", "clickhouse", "dcc", "dkim", "dkim_signing"),
    *("dmarc", "elastic", "external_services", "fuzzy_check", "greylist", "hfilter"),
    *("history_redis", "http_headers", "metadata_exporter", "metric_exporter", "mx_check"),
    *("neural", "p0f", "ratelimit", "rbl", "replies", "reputation", "rspamd_update", "spf"),
    *("surbl", "url_redirector"),
)
PATIENCE = 60.0
# It compiles its expressions beside its work, and is slower until then.
WARM_UP = 10.0
_SPAMD_SCORE = re.compile(rb"Spam: \w+ ; (-?[\d.]+) /")


class Rspamd:
    """Rspamd, asked over HTTP."""

    name = "rspamd"

    def __init__(self, port: int) -> None:
        self._port = port

    def opinions(self, mails: Sequence[Judged]) -> list[Opinion]:
        """Return what it says of each mail, over one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        with contextlib.closing(connection):
            return [_ask_rspamd(connection, mail) for mail in mails]


class SpamAssassin:
    """SpamAssassin's daemon, asked in its own protocol."""

    name = "spamassassin"

    def __init__(self, port: int) -> None:
        self._port = port

    def opinions(self, mails: Sequence[Judged]) -> list[Opinion]:
        """Return what it says of each mail."""
        return [_ask_spamd(self._port, mail) for mail in mails]


@contextlib.contextmanager
def rspamd() -> Iterator[Rspamd]:
    """Run rspamd with a configuration of its own; raises TimeoutError if it does not start."""
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="rspamd-"))
        base, port = Path(name), free_port()
        local = base / "conf" / "local.d"
        local.mkdir(parents=True)
        for module in NETWORK_MODULES:
            (local / f"{module}.conf").write_text("enabled = false;\n")
        names = stack.enter_context(_no_such_name())
        dns = f'dns {{ nameserver = ["127.0.0.1:{names}"]; timeout = 0.5s; retransmits = 1; }}'
        (local / "options.inc").write_text(f"{dns}\n")
        (local / "worker-normal.inc").write_text(f'bind_socket = "127.0.0.1:{port}";\ncount = 1;\n')
        (local / "worker-controller.inc").write_text("enabled = false;\n")
        (local / "worker-proxy.inc").write_text("enabled = false;\n")
        (local / "logging.inc").write_text('level = "error";\n')
        command = ["rspamd", "-f"]
        places = {"LOCAL_CONFDIR": "conf", "DBDIR": "db", "RUNDIR": "run", "LOGDIR": "log"}
        for variable, folder in places.items():
            (base / folder).mkdir(exist_ok=True)
            command += ["--var", f"{variable}={base / folder}"]
        command += _as_user("_rspamd", base, "-u", "-g")
        stack.enter_context(_running(command, port))
        time.sleep(WARM_UP)
        yield Rspamd(port)


@contextlib.contextmanager
def spamassassin() -> Iterator[SpamAssassin]:
    """Run spamd with local rules; raises TimeoutError if it does not start."""
    with tempfile.TemporaryDirectory(prefix="spamd-") as name:
        base, port = Path(name), free_port()
        command = ["spamd", "--local", "--nouser-config", "-m", "1", "-H", str(base)]
        command += ["-i", f"127.0.0.1:{port}", "-s", "stderr", "--cf", "use_bayes 0"]
        with _running([*command, *_as_user("nobody", base, "-u")], port):
            yield SpamAssassin(port)


ENGINES: dict[str, Callable[[], contextlib.AbstractContextManager[Judge]]] = {
    "rspamd": rspamd,
    "spamassassin": spamassassin,
}


def _as_user(user: str, base: Path, *options: str) -> list[str]:
    """Return the options that make a server of root's run as somebody else, who owns its files."""
    if os.getuid() != 0:
        return []
    for path in (base, *base.rglob("*")):
        shutil.chown(path, user)
    return [word for option in options for word in (option, _group(user, option))]


def _group(user: str, option: str) -> str:
    return "nogroup" if option == "-g" and user == "nobody" else user


@contextlib.contextmanager
def _no_such_name() -> Iterator[int]:
    """Run a name server that knows no name, and give its port: silence would cost a timeout."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        threading.Thread(target=_deny, args=(sock,), daemon=True).start()
        yield sock.getsockname()[1]
        # Wakes the thread, although it also complains of having nobody at the other end.
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _deny(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            question, whom = sock.recvfrom(4096)
            if whom is None:
                return  # it was shut
            # The question again, as an answer with the code "no such name" (RFC 1035 §4.1.1).
            sock.sendto(question[:2] + b"\x81\x83" + question[4:], whom)


@contextlib.contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(  # noqa: S603 (our own command)
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + PATIENCE
        while not _listens(port):
            if time.monotonic() > end or process.poll() is not None:
                raise TimeoutError(f"{command[0]} does not start")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _ask_rspamd(connection: http.client.HTTPConnection, mail: Judged) -> Opinion:
    begun = time.perf_counter()
    headers = {"From": mail.sender or "from@example.invalid", "Rcpt": "user@example.invalid"}
    connection.request("POST", "/checkv2", mail.raw, headers)
    said = json.loads(connection.getresponse().read())
    milliseconds = (time.perf_counter() - begun) * 1000
    return Opinion(mail, said["score"], tuple(sorted(said.get("symbols", {}))), milliseconds)


def _ask_spamd(port: int, mail: Judged) -> Opinion:
    begun = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as sock:
        sock.sendall(b"SYMBOLS SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(mail.raw) + mail.raw)
        sock.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: sock.recv(65536), b""))
    milliseconds = (time.perf_counter() - begun) * 1000
    found = _SPAMD_SCORE.search(said)
    symbols = said.partition(b"\r\n\r\n")[2].decode("ascii", "replace").strip().split(",")
    return Opinion(mail, float(found[1]) if found else 0.0, tuple(symbols), milliseconds)
