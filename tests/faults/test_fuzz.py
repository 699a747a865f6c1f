import random
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.faults import fuzz, stranger
from tests.faults.noise import NOISES, Ending, Noise, Script, State, script
from tests.faults.stranger import Heard, converse, malformed

TAKEN = b"250 2.6.0 Taken as 00ff\r\n"
GREETING = b"220 mx.mailhafen.test ESMTP\r\n"
MAIL = b"DATA\r\nAhoy.\r\n.\r\n"


@pytest.mark.timeout(120)
def test_strangers_for_some_seconds_break_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    failed = fuzz.main(["--seconds", "5"])
    assert not failed, capsys.readouterr().out


@pytest.mark.parametrize(
    "replies",
    [
        b"",
        b"220 a\r\n",
        b"250-a\r\n250-b\r\n250 c\r\n221 Bye\r\n",
        b"250\r\n",
        b"250 " + b"x" * 506 + b"\r\n",
    ],
    ids=["none", "one line", "several lines", "no text", "longest"],
)
def test_replies_as_they_should_be_are_not_complained_of(replies: bytes) -> None:
    assert list(malformed(replies, whole=True)) == []


@pytest.mark.parametrize(
    "replies",
    [
        b"250 a\n",
        b"250 a\rb\r\n",
        b"250 \0\r\n",
        "250 ü\r\n".encode(),
        b"150 a\r\n",
        b"25 a\r\n",
        b"250a\r\n",
        b"250-a\r\n",
        b"250-a\r\n500 b\r\n",
        b"250 a",
        b"Traceback\r\n",
        b"\r\n",
        b"250 " + b"x" * 507 + b"\r\n",
    ],
    ids=[
        "bare LF",
        "CR within",
        "NUL",
        "8 bit",
        "code 1",
        "short code",
        "glued",
        "no last line",
        "two codes",
        "half a line",
        "traceback",
        "empty line",
        "too long",
    ],
)
def test_a_malformed_reply_is_seen(replies: bytes) -> None:
    assert len(list(malformed(GREETING + replies, whole=True))) == 1


def test_a_reply_that_was_cut_off_with_the_connection_is_nobodys_fault() -> None:
    assert list(malformed(b"250-a\r\n25", whole=False)) == []


def a_heard(sent: bytes, replies: bytes, *, whole: bool, most: int | None = None) -> Heard:
    said = Script(0, State.EHLO, (sent,), (0.0,), Ending.QUIT, most)
    return Heard(said, "127.0.0.1", sent, replies, whole)


@pytest.mark.parametrize(
    ("sent", "replies", "whole", "most", "stored", "wrong"),
    [
        (MAIL, TAKEN, True, None, {"00ff"}, 0),
        (MAIL, b"", False, None, {"00ff"}, 0),
        (MAIL, TAKEN, True, None, set(), 1),
        (MAIL, TAKEN, False, None, set(), 1),
        (MAIL, b"", True, None, {"00ff"}, 1),
        (MAIL, b"", False, None, {"00ff", "00fe"}, 1),
        (MAIL + MAIL, b"", False, None, {"00ff", "00fe"}, 0),
        (MAIL + MAIL, TAKEN, False, 1, {"00ff", "00fe"}, 1),
    ],
    ids=[
        "promised and stored",
        "stored and not heard",
        "lost",
        "lost and hung up",
        "never promised",
        "two of one",
        "two of two",
        "smuggled",
    ],
)
def test_rows_that_do_not_meet_what_was_answered_are_seen(
    sent: bytes, replies: bytes, whole: bool, most: int | None, stored: set[str], wrong: int
) -> None:
    heard = a_heard(sent, replies, whole=whole, most=most)
    assert len(list(heard.wrong_rows(stored))) == wrong


def test_more_promises_than_mails_are_seen() -> None:
    replies = b"354 Go on\r\n" + TAKEN + TAKEN.replace(b"00ff", b"00fe")
    assert list(a_heard(MAIL, replies, whole=True).wrong()) == ["more mails were taken than begun"]


@pytest.fixture
def mute(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Return the port of a server that greets and then says nothing."""
    monkeypatch.setattr(stranger, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            link, _ = server.accept()
            with link:
                link.sendall(GREETING)
                while link.recv(4096):
                    pass

        thread = threading.Thread(target=greet)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize("ending", [Ending.QUIT, Ending.HALF])
def test_a_relay_that_says_no_more_is_seen(mute: int, ending: Ending) -> None:
    said = Script(0, State.NEW, (b"NOOP\r\n",), (0.0,), ending)
    heard = converse(said, mute, "127.0.0.1", "user@rcpt.example")
    assert (heard.troubles != []) == (ending is Ending.QUIT)


def test_a_seed_and_a_number_give_the_same_script_again() -> None:
    scripts = [script(seed, number, "a@b.example") for seed in (1, 2) for number in range(50)]
    again = [script(seed, number, "a@b.example") for seed in (1, 2) for number in range(50)]
    assert scripts == again
    assert len({each.noise for each in scripts}) > 80
    assert {each.state for each in scripts} == set(State)
    assert {each.ending for each in scripts} == set(Ending)


@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.__name__)
def test_noise_of_every_kind_is_small_enough_to_be_answered(noise: Noise) -> None:
    chance = random.Random(1)  # noqa: S311 (repeatable on purpose)
    for _ in range(50):
        said = noise(chance, b"a@b.example")
        assert len(said) < 250_000
        assert said.count(b"\n") < 2000
