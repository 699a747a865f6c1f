import re
import socket
import threading

import pytest

from bench import filling, large, portal
from bench.visitors import Visitors, WrongAnswer, read_answer

Capture = pytest.CaptureFixture[str]
SMALL = ["--deliveries", "300", "--held", "60", "--seconds", "0.5"]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Warm nothing up: what is measured here is shown to nobody."""
    monkeypatch.setattr(portal, "WARM_UP", 0.1)


def test_the_speed_of_a_page_is_measured(capsys: Capture) -> None:
    assert portal.main([*SMALL, "--database", "sqlite"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"sqlite /quarantine/: \d+ requests/s, \d+ ms \(p50\)", said)


def test_pages_that_belong_together_are_measured_one_after_another(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "OURS", 2)
    monkeypatch.setattr(large, "LARGE", 2**16)
    cases = ["--case", "search", "--case", "hostile"]
    assert portal.main([*SMALL, "--seconds", "0.2", "--database", "sqlite", *cases]) == 0
    said = capsys.readouterr().out
    assert said.count(" requests/s, ") == 7 + (2 + 2 * 3)
    assert said.count("  beside it /webmail/") == 4


def test_a_page_that_is_not_what_it_should_be_is_no_figure() -> None:
    with pytest.raises(WrongAnswer, match="with 50 rows"):
        portal.main([*SMALL, "--database", "sqlite", "--path", "/quarantine/", "--rows", "51"])


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour"])
def test_half_an_answer_is_none(answer: bytes) -> None:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(answer)
        there.shutdown(socket.SHUT_WR)
        with pytest.raises(WrongAnswer):
            read_answer(here)


def test_an_answer_may_come_in_pieces_and_close_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        people = Visitors(port, "/", "session=x", b"row", 2, connections=1)
        people.run(0.2)
    assert people.times
    assert people.cookie == "session=y"


def test_people_with_a_pace_ask_so_many_times_a_second() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        people = Visitors(server.getsockname()[1], "/", "x", b"row", 2, connections=2, pace=50)
        people.run(0.5)
    assert 20 <= len(people.times) <= 26


def _serve(server: socket.socket) -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nSet-Cookie: session=y; HttpOnly\r\n"
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.recv(1000)
            for part in (head, b"Content-Length: 7\r\n\r\n", b"row", b" row"):
                connection.sendall(part)
