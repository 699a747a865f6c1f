"""What was answered 250 is there, whatever dies at whatever moment."""

import asyncio
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing

from sqlalchemy import func, select

from bench.installation import USER, Installation
from bench.load import Load
from mailstore import checking
from mailstore.deliveries import Delivery, State
from mailstore.messages import Message
from mailstore.store import Store

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

KILLS = 10
MAILS = 500


def test_ten_kills_of_the_relay_in_a_run_of_500_mails_lose_no_mail_that_was_answered_250(
    database_url: str, record_property: Callable[[str, object], None]
) -> None:
    chance, seed = seeded()
    record_property("seed", seed)
    with Installation(relay_children="1", database_url=database_url) as it:
        load = Load(it.smtp, [USER], MAILS, 4096, sessions=8)
        done = threading.Event()
        killer = threading.Thread(target=kill_at_random, args=(it, chance, done))
        killer.start()
        while not done.is_set() or missing(load):
            asyncio.run(load.run())
        killer.join()

        promised = {sent.id: sent.sha256 for sent in load.ledger if sent.code == 250}
        assert {sent.code for sent in load.ledger} <= {250, 421, 451}
        assert len(promised) == MAILS
        with closing(it.store()) as store:
            wait_until_nothing_waits(it, store)
            delivered = {taken.id: taken.sha256 for taken in it.sink.taken}
            assert promised.items() <= delivered.items()
            assert list(checking.findings(store)) == []


def seeded() -> tuple[random.Random, int]:
    seed = random.SystemRandom().randrange(2**32)
    return random.Random(seed), seed  # noqa: S311 (repeatable on purpose)


def missing(load: Load) -> bool:
    return len({sent.id for sent in load.ledger if sent.code == 250}) < MAILS


def kill_at_random(it: Installation, chance: random.Random, done: threading.Event) -> None:
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.5))
        while not was_killed(it.supervisor.pid("relay")):
            time.sleep(0.05)  # the last one is gone, and the next has not started
    done.set()


def was_killed(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def wait_until_nothing_waits(it: Installation, store: Store) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with store.read() as db:
            messages = db.scalar(select(func.count()).select_from(Message)) or 0
            waiting = select(func.count()).where(Delivery.state == State.QUEUED)
            if not db.scalar(waiting) and len(it.sink.taken) >= messages:
                return
        time.sleep(0.1)
    raise TimeoutError
