import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filter import supervisor
from filter.supervisor import Supervisor, gunicorn
from mailstore.commands import flask
from mailstore.settings import DKIM_RING

PAUSE = 0.05
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "pathlib.Path(sys.argv[1]).touch(); time.sleep(60)",
]


@pytest.fixture
def watch() -> Iterator[Callable[[Supervisor], Supervisor]]:
    """Return what starts a supervisor and watches it in a thread."""
    watched: list[tuple[Supervisor, threading.Thread]] = []

    def start(running: Supervisor) -> Supervisor:
        running.start()
        thread = threading.Thread(target=running.watch)
        thread.start()
        watched.append((running, thread))
        return running

    yield start
    for running, thread in watched:
        running.stop.set()
        thread.join()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until(happens: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.01)


Watch = Callable[[Supervisor], Supervisor]


def test_what_ends_is_started_again(watch: Watch, tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    short = ["/bin/sh", "-c", f"echo x >> {starts}"]
    watch(Supervisor({"short": short, "long": SLEEP}, pause=PAUSE))
    until(lambda: starts.exists() and starts.read_text().count("x") >= 3)


def test_what_is_killed_is_started_again_and_the_others_stay(watch: Watch) -> None:
    running = watch(Supervisor({"killed": SLEEP, "other": SLEEP}, pause=PAUSE))
    first, other = running.pid("killed"), running.pid("other")
    os.kill(first, signal.SIGKILL)
    until(lambda: running.pid("killed") != first)
    assert alive(running.pid("killed"))
    assert running.pid("other") == other


def test_stopping_ends_all_and_starts_none_again(watch: Watch) -> None:
    running = Supervisor({"one": SLEEP, "two": SLEEP}, pause=PAUSE)
    running.start()
    pids = running.pids()
    assert all(map(alive, pids))
    running.stop.set()
    running.watch()
    assert not any(map(alive, pids))
    assert running.pids() == pids


def test_what_does_not_end_when_asked_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PATIENCE", 0.2)
    deaf = tmp_path / "deaf"
    running = Supervisor({"stubborn": [*STUBBORN, str(deaf)]}, pause=PAUSE)
    running.start()
    until(deaf.exists)
    running.end()
    assert not alive(running.pid("stubborn"))


@pytest.fixture
def kept_signals() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("kept_signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything(number: signal.Signals) -> None:
    running = Supervisor({"one": SLEEP}, pause=PAUSE)
    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), number))
    timer.start()
    running.run()
    timer.join()
    assert not alive(running.pid("one"))


def test_what_processes_say_goes_to_the_log_file(watch: Watch, tmp_path: Path) -> None:
    log = tmp_path / "log"
    env = {"WORD": "hello", "FLASK_RUN_FROM_CLI": "true"}
    says = ["/bin/sh", "-c", "echo $WORD; echo [$FLASK_RUN_FROM_CLI] >&2; sleep 60"]
    watch(Supervisor({"says": says}, env, log, PAUSE))
    until(lambda: log.exists() and log.read_text() == "hello\n[]\n")


def test_what_signs_the_mail_of_customers_is_kept_from_the_portal(
    watch: Watch, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    says = [sys.executable, "-c", f"import os; print(os.getpid(), {DKIM_RING!r} in os.environ)"]
    env = dict(os.environ) | {DKIM_RING: "r" * 44}
    running = watch(Supervisor({"portal": says, "worker": says}, env, log, 60))
    pids = running.pids()
    until(lambda: log.exists() and len(log.read_text().splitlines()) == 2)
    assert sorted(log.read_text().splitlines()) == sorted([f"{pids[0]} False", f"{pids[1]} True"])


def test_our_own_commands_are_run_by_this_python() -> None:
    assert flask("relay") == [sys.executable, "-m", "flask", "relay"]
    command = gunicorn("127.0.0.1:8080", workers=3)
    assert command[:4] == [sys.executable, "-m", "gunicorn", "wsgi:app"]
    assert {"127.0.0.1:8080", "3"} <= set(command)
