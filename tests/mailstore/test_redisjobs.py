import contextlib
import json
import pickle
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from redis import Redis

from mailstore import redisjobs
from mailstore.jobs import REGISTRY, Jobs, after_commit
from mailstore.redisjobs import FUNCTION, RedisJobs, RedisReader
from mailstore.sandbox import ROOT
from mailstore.settings import Settings
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import RecordedJobs
from tests.filter.pids import until
from tests.redis_server import TROUBLES, RedisServer, SlowProxy, Trouble, frozen

AT_ONCE, SOON = 1.0, 5.0
# A call may wait for a processor, but for no server.
MOST, MOST_OF_ALL = 0.05, 0.5
QUEUE, JOB = "rq:queue:mailhafen", "rq:job:evil"

each_trouble = pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)


@pytest.fixture
def server(needs: Callable[[str], str]) -> Iterator[RedisServer]:
    with RedisServer(needs("redis-server")) as running:
        yield running


@pytest.fixture
def client(server: RedisServer) -> Iterator[Redis]:
    with contextlib.closing(server.client()) as client:
        yield client


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY, "drain", lambda _store, _lane: None)
    for name, seconds in (("SECONDS", 0.4), ("LISTEN_SECONDS", 0.2), ("PAUSE", 0.1)):
        monkeypatch.setattr(redisjobs, name, seconds)


@pytest.fixture
def reader(server: RedisServer, jobs: RecordedJobs) -> Iterator[RedisReader]:
    reader = RedisReader(server.url, jobs)
    until(server.listeners)
    yield reader
    reader.close()


@contextlib.contextmanager
def process(code: str, *args: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that does one step for each line it is given, and ends with the last."""
    command = [sys.executable, "-c", code, *args]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as run:  # noqa: S603 (our own code)
        yield run


def next_step(run: subprocess.Popen[bytes]) -> None:
    assert run.stdin is not None
    run.stdin.write(b"\n")
    run.stdin.flush()


def heard(jobs: RecordedJobs, *numbers: int, seconds: float = SOON) -> bool:
    until(lambda: {("drain", number) for number in numbers} <= set(jobs.asked), seconds)
    return True


def ask(jobs: Jobs, count: int) -> list[float]:
    """Ask so often, not all at once, and return how long each call took."""
    took = []
    for number in range(1, count + 1):
        begun = time.monotonic()
        jobs.enqueue("drain", number)
        took.append(time.monotonic() - begun)
        time.sleep(0.005)
    return took


def at_once(took: list[float]) -> bool:
    return median(took) < MOST and max(took) < MOST_OF_ALL


@on_sqlite
@pytest.mark.usefixtures("reader")
def test_a_store_with_redis_asks_there_after_its_commit(
    rows: Settings, server: RedisServer, jobs: RecordedJobs
) -> None:
    with contextlib.closing(Store(rows.model_copy(update={"redis_url": server.url}))) as store:
        with store.write() as db:
            after_commit(db, "drain", 7)
        assert heard(jobs, 7)


IN_TWO_PROCESSES = """
import os, sys
from mailstore.redisjobs import RedisJobs
asking = RedisJobs(sys.argv[1])
asking.enqueue("drain", 1)
sys.stdin.readline()
child = os.fork()
asking.enqueue("drain", 3 if child else 2)
sys.stdin.read()
"""


@pytest.mark.usefixtures("reader")
def test_a_worker_hears_at_once_what_another_process_and_its_child_ask_for(
    server: RedisServer, jobs: RecordedJobs
) -> None:
    with process(IN_TWO_PROCESSES, server.url) as asking:
        assert heard(jobs, 1)
        next_step(asking)
        assert heard(jobs, 2, 3, seconds=AT_ONCE)


@pytest.mark.usefixtures("reader")
def test_what_was_heard_leaves_nothing_in_redis(
    server: RedisServer, jobs: RecordedJobs, client: Redis
) -> None:
    ask(RedisJobs(server.url), 50)
    assert heard(jobs, *range(1, 51))
    assert set(client.keys()) <= {b"rq:queues"}


def test_where_nobody_listens_the_queue_does_not_grow(
    server: RedisServer, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redisjobs, "MOST_WAITING", 20)
    asking = RedisJobs(server.url)
    ask(asking, 60)
    until(lambda: client.llen(QUEUE) == 20)
    assert client.ttl(client.keys("rq:job:*")[0]) <= redisjobs.TTL


def test_what_waited_for_too_long_is_passed_over(
    server: RedisServer, jobs: RecordedJobs, client: Redis
) -> None:
    ask(RedisJobs(server.url), 20)
    until(lambda: client.llen(QUEUE) == 20)
    client.delete(*client.keys("rq:job:*"))
    reader = RedisReader(server.url, jobs)
    RedisJobs(server.url).enqueue("drain", 99)
    assert heard(jobs, 99)
    assert jobs.asked == [("drain", 99)]
    reader.close()


@each_trouble
def test_asking_waits_for_nobody_whatever_befalls_redis(
    server: RedisServer, trouble: Trouble
) -> None:
    asking = RedisJobs(server.url)
    took = ask(asking, 20)
    with trouble(server):
        took += ask(asking, 60)
        took += ask(RedisJobs(server.url), 20)
    assert at_once(took + ask(asking, 20))


def test_asking_waits_for_nobody_where_redis_is_slow(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redisjobs, "SECONDS", 3.0)
    proxy = SlowProxy(server, seconds=2.0)
    assert at_once(ask(RedisJobs(proxy.url), 60))
    proxy.close()


@pytest.mark.usefixtures("reader")
@each_trouble
def test_waking_works_again_once_redis_does(
    server: RedisServer, jobs: RecordedJobs, trouble: Trouble
) -> None:
    asking = RedisJobs(server.url)
    with trouble(server):
        ask(asking, 60)
    until(server.listeners)
    asking.enqueue("drain", 99)
    assert heard(jobs, 99)


class Bomb:
    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.mkdir, (Path(FUNCTION),)


def written(*args: object, function: object = FUNCTION) -> bytes:
    return zlib.compress(json.dumps([function, None, args, {}]).encode())


HOSTILE = {
    "a pickle": pickle.dumps((FUNCTION, None, Bomb(), {})),
    "a pickle within": zlib.compress(pickle.dumps(Bomb())),
    "another function": written("drain", 1, function="os.getpid"),
    "no function": written("drain", 1, function=None),
    "an unheard-of job": written("unheard_of", 1),
    "text": written("drain", "1"),
    "a fraction": written("drain", 1.5),
    "a mapping": written("drain", {"id": 1}),
    "nothing": written("drain", None),
    "a list": written("drain", [1]),
    "all in a list": written(["drain", 1]),
    "a list for a name": written([["drain"]], 1),
    "no list at all": zlib.compress(json.dumps([FUNCTION, None, {"drain": 1}, {}]).encode()),
    "too few parts": zlib.compress(b'["drain", 1]'),
    "a number": zlib.compress(b"1"),
    "no JSON": zlib.compress(b"drain 1"),
    "no text": b"\xff\x00",
    "empty": b"",
    "deep": zlib.compress(b"[" * 900),
    "a bomb": zlib.compress(b"[" * 10**7),
    "large": b"[" * 10**6,
}


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_job_of_ours_is_dropped_and_the_next_one_heard(
    server: RedisServer, jobs: RecordedJobs, client: Redis, data: bytes
) -> None:
    client.hset(JOB, "data", data)
    client.rpush(QUEUE, "evil")
    RedisJobs(server.url).enqueue("drain", 99)
    assert heard(jobs, 99)
    assert jobs.asked == [("drain", 99)]
    assert not Path(FUNCTION).exists()


ODD: dict[str, Callable[[Redis], Any]] = {
    "a job that is not there": lambda client: client.rpush(QUEUE, "evil"),
    "a job without data": lambda client: client.hset(JOB, "x", "y"),
    "a job of another type": lambda client: client.set(JOB, "x"),
    "a name that is no text": lambda client: client.rpush(QUEUE, b"\xff\r\n"),
}


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("plant", ODD.values(), ids=ODD)
def test_what_is_odd_in_redis_is_dropped_and_the_next_one_heard(
    server: RedisServer, jobs: RecordedJobs, client: Redis, plant: Callable[[Redis], Any]
) -> None:
    plant(client)
    client.rpush(QUEUE, "evil")
    RedisJobs(server.url).enqueue("drain", 99)
    assert heard(jobs, 99)
    assert jobs.asked == [("drain", 99)]


def test_nothing_that_redis_names_is_imported(
    server: RedisServer, jobs: RecordedJobs, client: Redis
) -> None:
    sys.modules.pop("colorsys", None)
    evil = ["data", "[]", "status", "started", "failure_callback_name", "colorsys.rgb_to_hsv"]
    client.hset(JOB, items=evil)
    client.zadd("rq:wip:mailhafen", {"evil:1": 1})
    reader = RedisReader(server.url, jobs)
    ask(RedisJobs(server.url), 1)
    assert heard(jobs, 1)
    assert "colorsys" not in sys.modules
    reader.close()


@pytest.mark.usefixtures("reader")
def test_nobody_can_give_a_worker_orders(client: Redis) -> None:
    assert client.pubsub_channels() == []


LISTENING = """
import sys
from mailstore.redisjobs import RedisJobs, RedisReader
reader = RedisReader(sys.argv[1], None)
RedisJobs(sys.argv[1]).enqueue("drain", 1)
sys.stdin.readline()
RedisJobs(sys.argv[1]).enqueue("drain", 2)
reader.close()
"""


def test_a_process_can_end_while_redis_is_frozen(server: RedisServer) -> None:
    with process(LISTENING, server.url) as listening:
        until(server.listeners)
        with frozen(server):
            next_step(listening)
            assert listening.wait(SOON) == 0
