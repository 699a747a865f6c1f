import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.installation import free_port
from mailstore.commands import flask
from mailstore.errors import Misconfigured
from mailstore.sandbox import ROOT
from mailstore.settings import PREFIX, Settings
from mailstore.store import Store
from tests.databases import on_postgresql, on_sqlite
from tests.factories import ANNA, RAW, a_mailbox
from tests.filter.pids import alive, children, sockets, until
from tests.filter.talk import Talk
from tests.filter.test_server import contents, environment, run, wait_for

Process = subprocess.Popen[str]
StartFamily = Callable[[str], Process]


@pytest.fixture
def a_family(tmp_path: Path) -> Iterator[StartFamily]:
    """Return what starts two relay processes that behave in a way of a test's own."""
    with ExitStack() as stack:

        def start(how: str) -> Process:
            for file in tmp_path.iterdir():
                file.unlink()
            command = [sys.executable, "-m", "tests.filter.family", str(tmp_path), how]
            started = stack.enter_context(
                subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 (our own)
            )
            stack.callback(started.kill)
            until(lambda: len(list(tmp_path.iterdir())) >= 2)
            return started

        yield start


def test_a_process_that_is_killed_is_replaced(a_family: StartFamily, tmp_path: Path) -> None:
    family = a_family("calm")
    first, second = sorted(children(family.pid))
    os.kill(first, signal.SIGKILL)
    until(lambda: len(children(family.pid)) == 2 and len(list(tmp_path.iterdir())) == 3)
    assert second in children(family.pid)
    assert not alive(first)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_processes_end_with_a_signal_to_the_first(
    a_family: StartFamily, number: signal.Signals
) -> None:
    family = a_family("calm")
    kids = children(family.pid)
    family.send_signal(number)
    assert family.wait(10) == 0
    assert not any(map(alive, kids))


def test_all_processes_end_with_one_that_is_killed(a_family: StartFamily) -> None:
    family = a_family("calm")
    kids = children(family.pid)
    assert len(kids) == 2
    family.kill()
    until(lambda: not any(map(alive, kids)))


def test_a_process_that_does_not_end_is_killed(a_family: StartFamily, tmp_path: Path) -> None:
    family = a_family("stubborn")
    until(lambda: [each.read_text() for each in tmp_path.iterdir()] == ["stubborn"] * 2)
    kids = children(family.pid)
    family.terminate()
    assert family.wait(10) == 0
    assert not any(map(alive, kids))


@pytest.mark.parametrize(
    ("how", "said"), [("misconfigured", "No store."), ("broken", "a bug")], ids=["told", "a bug"]
)
def test_what_keeps_a_process_from_running_is_said_and_tried_again(
    a_family: StartFamily, tmp_path: Path, how: str, said: str
) -> None:
    family = a_family(how)
    until(lambda: len(list(tmp_path.iterdir())) >= 4)
    family.terminate()
    logged, _ = family.communicate(timeout=10)
    assert family.returncode == 0
    assert logged.count(said) >= 2


def test_a_stop_at_any_moment_stops(a_family: StartFamily, tmp_path: Path) -> None:
    for milliseconds in range(0, 300, 30):
        family = a_family("broken")
        time.sleep(milliseconds / 1000)
        family.terminate()
        assert family.wait(10) == 0


@pytest.mark.parametrize(
    ("url", "wanted", "count"),
    [("", 0, 1), ("", 1, 1), ("postgresql://x/y", 0, os.cpu_count()), ("postgresql://x/y", 3, 3)],
    ids=["SQLite", "SQLite, one", "PostgreSQL", "PostgreSQL, three"],
)
def test_the_settings_say_how_many_processes_there_are(
    settings: Settings, url: str, wanted: int, count: int
) -> None:
    changed = settings.model_copy(update={"database_url": url, "relay_processes": wanted})
    assert changed.relay_count == count


def test_several_processes_on_sqlite_are_refused(settings: Settings) -> None:
    with pytest.raises(Misconfigured, match="one writer"):
        _ = settings.model_copy(update={"relay_processes": 2}).relay_count


@on_sqlite
def test_the_command_says_so_in_a_sentence(store: Store) -> None:
    done = run(environment(store, free_port()) | {f"{PREFIX}RELAY_PROCESSES": "2"})
    assert done.returncode != 0
    assert "SQLite has one writer" in done.stderr
    assert "Traceback" not in done.stderr


class Relays:
    """`flask relay` with two processes on one port."""

    def __init__(self, store: Store, process: subprocess.Popen[bytes], port: int) -> None:
        self.store, self.process, self.port = store, process, port

    def serving(self) -> set[int]:
        """Return the processes that listen."""
        return {pid for pid in children(self.process.pid) if sockets(pid, listening=True)}


@pytest.fixture
def relays(store: Store) -> Iterator[Relays]:
    with store.write() as db:
        a_mailbox(db)
    port = free_port()
    env = environment(store, port) | {f"{PREFIX}RELAY_PROCESSES": "2"}
    with subprocess.Popen(flask("relay"), cwd=ROOT, env=env, stderr=subprocess.DEVNULL) as process:  # noqa: S603 (our own)
        made = Relays(store, process, port)
        wait_for(port)
        until(lambda: len(made.serving()) == 2)
        yield made
        process.kill()


def mail(port: int) -> str:
    with Talk(port) as talk:
        return talk.mail(RAW, ANNA)


@on_postgresql
def test_both_processes_take_mail_and_one_alone_does_too(relays: Relays) -> None:
    first, second = relays.serving()
    before = [sockets(first), sockets(second)]
    with ExitStack() as stack:
        talks = [stack.enter_context(Talk(relays.port)) for _ in range(30)]
        assert all(talk.mail(RAW, ANNA).startswith("250") for talk in talks)
        assert sockets(first) > before[0] + 2
        assert sockets(second) > before[1] + 2
    os.kill(first, signal.SIGKILL)
    until(lambda: not alive(first))
    assert [mail(relays.port)[:3] for _ in range(10)] == ["250"] * 10
    until(lambda: len(relays.serving()) == 2)
    assert [mail(relays.port)[:3] for _ in range(10)] == ["250"] * 10
    assert contents(relays.store) == [RAW] * 50


@on_postgresql
def test_a_stop_ends_all_processes_after_the_mail_in_progress(relays: Relays) -> None:
    kids = relays.serving()
    grandchildren = {pid for kid in kids for pid in children(kid)}
    with Talk(relays.port) as talk:
        talk.begin(ANNA)
        relays.process.terminate()
        time.sleep(0.3)
        talk.send(RAW + b".\r\n")
        assert talk.hear().startswith("250")
    assert relays.process.wait(30) == 0
    assert not any(map(alive, kids))
    until(lambda: not any(map(alive, grandchildren)))


@on_postgresql
def test_a_relay_that_is_killed_leaves_no_process_behind(relays: Relays) -> None:
    kids = relays.serving()
    grandchildren = {pid for kid in kids for pid in children(kid)}
    relays.process.kill()
    until(lambda: not any(map(alive, kids | grandchildren)))
    assert mail_is_refused(relays.port)


def mail_is_refused(port: int) -> bool:
    try:
        Talk(port).close()
    except ConnectionRefusedError:
        return True
    return False
