import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import select

from bench.installation import free_port
from filter import reply
from filter.server import serve
from mailstore.commands import flask
from mailstore.messages import Message
from mailstore.sandbox import ROOT
from mailstore.settings import PREFIX
from mailstore.store import Store
from tests.factories import ANNA, RAW, a_mailbox, as_environment
from tests.filter.background import Background
from tests.filter.relay import CountingPacks, a_gate
from tests.filter.talk import Talk

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PATIENCE = 15.0


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(port: int) -> None:
    end = time.monotonic() + PATIENCE
    while not answers(port):
        assert time.monotonic() < end
        time.sleep(0.02)


class Served:
    """The relay as its process runs it."""

    def __init__(self, store: Store, background: Background, listen: str, port: int) -> None:
        store.settings = store.settings.model_copy(
            update={"smtp_listen": listen, "relay_children": 1}
        )
        self.port, self._background = port, background
        self.ended: Future[bool] = Future()
        background.run(self._start(store))
        wait_for(port)

    async def _start(self, store: Store) -> None:
        self._stop = asyncio.Event()
        self._task = asyncio.ensure_future(serve(store, a_gate(store.settings), self._stop))
        self._task.add_done_callback(lambda task: self.ended.set_result(task.result()))

    async def stop(self) -> None:
        """Ask it to end, as SIGTERM does."""
        self._stop.set()


@pytest.fixture
def served(store: Store, background: Background) -> Iterator[Served]:
    with store.write() as db:
        a_mailbox(db)
    port = free_port()
    running = Served(store, background, f"127.0.0.1:{port}", port)
    yield running
    background.run(running.stop())
    running.ended.result(PATIENCE)


def contents(store: Store) -> list[bytes]:
    with store.read() as db:
        rows = db.scalars(select(Message).order_by(Message.id)).all()
    return [b"".join(store.content(row)) for row in rows]


def test_stopping_finishes_mail_in_progress_and_turns_all_others_away(
    served: Served, store: Store, background: Background
) -> None:
    with Talk(served.port) as busy, Talk(served.port) as idle:
        busy.begin(ANNA)
        busy.send(RAW[:20])
        background.run(served.stop())
        assert idle.hear() == reply.CLOSING
        assert idle.hear() == ""
        assert not answers(served.port)
        busy.send(RAW[20:] + b".\r\n")
        assert busy.hear().startswith("250")
        assert busy.hear() == reply.CLOSING
    assert served.ended.result(PATIENCE) is True
    assert contents(store) == [RAW]


def test_a_relay_that_nobody_talks_to_ends_at_once(served: Served, background: Background) -> None:
    begun = time.monotonic()
    background.run(served.stop())
    assert served.ended.result(PATIENCE) is True
    assert time.monotonic() - begun < 2


def test_storage_that_fails_ends_the_process(served: Served, store: Store) -> None:
    store.packs = CountingPacks(store.packs, OSError(5, "Input/output error"))
    with Talk(served.port) as talk:
        assert talk.mail(RAW, ANNA) == reply.TRY_LATER
        assert talk.hear() == reply.CLOSING
    assert served.ended.result(PATIENCE) is False


def test_one_relay_listens_at_several_places(store: Store, background: Background) -> None:
    first, second = free_port(), free_port()
    running = Served(store, background, f"127.0.0.1:{first}, 127.0.0.1:{second}", second)
    assert answers(first)
    background.run(running.stop())
    assert running.ended.result(PATIENCE) is True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_calmly_at_a_signal(store: Store, number: signal.Signals) -> None:
    with store.write() as db:
        a_mailbox(db)
    port = free_port()
    with subprocess.Popen(  # noqa: S603 (our own command)
        flask("relay"), cwd=ROOT, env=environment(store, port), stderr=subprocess.DEVNULL
    ) as process:
        wait_for(port)
        with Talk(port) as talk:
            talk.begin(ANNA)
            process.send_signal(number)
            talk.send(RAW + b".\r\n")
            assert talk.hear().startswith("250")
        assert process.wait(PATIENCE) == 0
    assert contents(store) == [RAW]


def environment(store: Store, port: int) -> dict[str, str]:
    inherited = {key: text for key, text in os.environ.items() if not key.startswith(PREFIX)}
    return (
        inherited
        | as_environment(store.settings)
        | {
            f"{PREFIX}SMTP_LISTEN": f"127.0.0.1:{port}",
            f"{PREFIX}RELAY_CHILDREN": "1",
        }
    )


def run(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command where it cannot run."""
    return subprocess.run(  # noqa: S603 (our own command)
        flask("relay"),
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_data_that_nobody_set_up_stops_the_command_with_a_sentence(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], f"{PREFIX}DATA_DIR": str(tmp_path / "none")}
    done = run(env)
    assert done.returncode == 2
    assert "run `flask setup` first" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_stops_the_command_with_a_sentence(store: Store) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        env = environment(store, taken.getsockname()[1])
        done = run(env)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
