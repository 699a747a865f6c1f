"""Jobs asked for through Redis or Valkey, by rq: they wake the workers of any machine at once.

Redis is untrusted, and may be gone, empty, full or slow at any moment: what is asked for goes
through a thread and may be dropped, what comes is a name of ours and numbers or nothing, and the
sweep finds every row all the same.
"""

import os
import threading
import time
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from mailstore.jobs import Jobs, asked_for

log = structlog.get_logger()

QUEUE = "mailhafen"
# The name of no function: what comes is never called, only compared.
FUNCTION = "mailhafen.nudge"
SECONDS = 2.0
PAUSE = 5.0
MOST_WAITING = 10_000
TTL = 60


def connect(url: str, seconds: float | None = SECONDS) -> Redis:
    """Return a client that waits for no longer than a moment."""
    return Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=SECONDS)


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
        except RedisError as error:
            log.warning("redis_silent", why=type(error).__name__)
            return False
        return True


class Listener(SimpleWorker):
    """An rq worker that calls nothing: it hands what it understands to the jobs of its process."""

    jobs: Jobs

    def execute_job(self, job: Job, queue: Queue) -> None:  # noqa: ARG002 (of rq)
        """Wake a job of ours; anything else is dropped."""
        found = asked_for(list(_args(job)))
        job.delete(remove_from_queue=False)
        if found is None:
            log.warning("redis_nonsense")
            return
        name, ids = found
        self.jobs.enqueue(name, *ids)

    def _install_signal_handlers(self) -> None:
        # It runs in a thread; the process has handlers of its own.
        pass


class RedisReader:
    """The worker's end: listens in a thread, and again and again where Redis went away."""

    def __init__(self, url: str, jobs: Jobs) -> None:
        self._url, self._jobs = url, jobs
        self._closed = threading.Event()
        self._listener: Listener | None = None
        self._thread = threading.Thread(target=self._listen, name="redis", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more; a wait for Redis in progress ends with the process."""
        self._closed.set()
        if self._listener is not None:
            self._listener._stop_requested = True

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                self._listener = self._made()
                self._listener.work(logging_level="CRITICAL")
            except RedisError as error:
                log.warning("redis_silent", why=type(error).__name__)
            self._closed.wait(PAUSE)

    def _made(self) -> Listener:
        # rq waits for news by a blocking command, which has a time limit of its own.
        made = Listener([QUEUE], connection=connect(self._url, None), serializer=JSONSerializer)
        made.jobs = self._jobs
        return made


def _args(job: Job) -> Any:
    try:
        return job.args if job.func_name == FUNCTION else ()
    except Exception:  # noqa: BLE001 (what is in there may be anything)
        return ()
