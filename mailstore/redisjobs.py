"""Jobs asked for through Redis or Valkey, by rq: they wake the workers of any machine at once.

Redis is untrusted, and may be gone, empty, full or slow at any moment: what is asked for goes
through a thread and may be dropped, what comes is a name of ours and numbers or nothing, and the
sweep finds every row all the same.
"""

import json
import os
import threading
import time
import zlib
from typing import Any

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.retry import Retry
from rq import Queue
from rq.exceptions import DequeueTimeout
from rq.job import Job
from rq.serializers import JSONSerializer

from mailstore.jobs import Jobs, asked_for

log = structlog.get_logger()

QUEUE = "mailhafen"
# The name of no function: what comes is never called, only compared.
FUNCTION = "mailhafen.nudge"
SECONDS = 2.0
# Less than that, so that whoever listens in vain is told so in time.
LISTEN_SECONDS = 1
PAUSE = 5.0
MOST_WAITING = 10_000
LARGEST = 1000
TTL = 60


def connect(url: str) -> Redis:
    """Return a client that waits for no longer than a moment, and tries nothing twice."""
    return Redis.from_url(
        url,
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


class RedisJobs:
    """For processes that run no jobs: asks whoever listens, from a thread of its own."""

    def __init__(self, url: str) -> None:
        self._queue = Queue(QUEUE, connection=connect(url), serializer=JSONSerializer)
        self._waiting: dict[tuple[str | int, ...], None] = {}
        self._more = threading.Condition()
        self._process = 0

    def enqueue(self, name: str, *ids: int) -> None:
        """Ask for a run; may be lost."""
        with self._more:
            self._start()
            if len(self._waiting) < MOST_WAITING:
                self._waiting[name, *ids] = None
                self._more.notify()

    def asked_again(self, _name: str, *_ids: int, seconds: float) -> bool:  # noqa: ARG002 (of Jobs)
        """Return False: what runs elsewhere is not known here."""
        return False

    def _start(self) -> None:
        # A web server forks after it made this: a thread of the parent is not there in a child.
        if self._process != os.getpid():
            self._process = os.getpid()
            threading.Thread(target=self._send, name="redis", daemon=True).start()

    def _send(self) -> None:
        while True:
            with self._more:
                self._more.wait_for(lambda: self._waiting)
                asked, self._waiting = self._waiting, {}
            if not self._all_sent(asked):
                time.sleep(PAUSE)

    def _all_sent(self, asked: dict[tuple[str | int, ...], None]) -> bool:
        try:
            for each in asked:
                self._queue.enqueue_call(
                    FUNCTION, args=each, ttl=TTL, result_ttl=0, failure_ttl=TTL
                )
            # Where nobody listens, the queue must not grow for ever.
            self._queue.connection.ltrim(self._queue.key, -MOST_WAITING, -1)
        except Exception as error:  # noqa: BLE001 (what is at that address may answer anything)
            log.warning("redis_silent", why=type(error).__name__)
            return False
        return True


class RedisReader:
    """The worker's end: listens in a thread, and again and again where Redis went away.

    It is no worker of rq: those also import what they find in Redis, and end when told by it.
    """

    def __init__(self, url: str, jobs: Jobs) -> None:
        self._redis, self._jobs = connect(url), jobs
        self._key = Queue(QUEUE, connection=self._redis).key
        self._closed = threading.Event()
        threading.Thread(target=self._listen, name="redis", daemon=True).start()

    def close(self) -> None:
        """Listen no more; a wait for Redis in progress ends with the process."""
        self._closed.set()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                self._hear_one()
            except DequeueTimeout:
                continue
            except Exception as error:  # noqa: BLE001 (what is at that address may answer anything)
                log.warning("redis_silent", why=type(error).__name__)
                self._closed.wait(PAUSE)
        self._redis.close()

    def _hear_one(self) -> None:
        _, job_id = Queue.lpop([self._key], LISTEN_SECONDS, self._redis)
        data = self._taken(job_id)
        if data is None:  # it waited for too long
            return
        found = asked_for(_args(data))
        if found is None:
            log.warning("redis_nonsense")
            return
        name, ids = found
        self._jobs.enqueue(name, *ids)

    def _taken(self, job_id: bytes) -> Any:
        """Take what rq wrote about a job out of Redis; None if it is gone."""
        key = Job.redis_job_namespace_prefix.encode() + job_id
        try:
            large = self._redis.hstrlen(key, "data") > LARGEST
            data = b"" if large else self._redis.hget(key, "data")
            self._redis.delete(key)
        except ResponseError:  # it is something else
            return b""
        return data


def _args(data: bytes) -> Any:
    """Return the arguments of what rq wrote; None if it is not by us."""
    try:
        written = zlib.decompressobj().decompress(data, LARGEST)
        function, _, args, _ = json.loads(written)
    except (ValueError, TypeError, RecursionError, zlib.error):
        return None
    return args if function == FUNCTION else None
