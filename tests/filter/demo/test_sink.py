import smtplib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.installation import free_port
from filter.demo.sink import Sink

MAIL = b"Subject: Plan\r\n\r\n.. zwei Punkte\r\n" + b"lang " * 2000 + b"\r\nEnde\r\n"
PATIENCE = 5.0


@pytest.fixture(name="port")
def _sink(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    sink = Sink("127.0.0.1", port, tmp_path / "sink", tmp_path / "outage")
    sink.start()
    yield port
    sink.stop()


def connected(port: int) -> smtplib.SMTP:
    assert wait_until(lambda: listens(port))
    return smtplib.SMTP("127.0.0.1", port)


def test_what_it_takes_is_kept_as_it_came(port: int, tmp_path: Path) -> None:
    with connected(port) as server:
        server.sendmail("a@sender.example", ["anna@muster.example"], MAIL)
    (kept,) = (tmp_path / "sink").glob("*.eml")
    assert kept.read_bytes() == MAIL


@pytest.mark.parametrize("code", [451, 550])
def test_some_recipients_are_answered_as_their_name_says(port: int, code: int) -> None:
    with connected(port) as server:
        server.ehlo()
        server.mail("a@sender.example")
        assert server.rcpt(f"{code}@muster.example")[0] == code


def test_it_is_down_while_the_switch_is_there_and_back_after(port: int, tmp_path: Path) -> None:
    connected(port).quit()
    (tmp_path / "outage").touch()
    assert wait_until(lambda: not listens(port))
    (tmp_path / "outage").unlink()
    assert wait_until(lambda: listens(port))


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()
