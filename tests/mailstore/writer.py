"""A process with two threads that write and read: `python -m tests.mailstore.writer SECONDS`."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from mailstore.settings import Settings
from mailstore.store import Store
from tests import tries

THREADS = 2


def main() -> None:
    store = Store.open(Settings.load())
    end = time.monotonic() + float(sys.argv[1])

    def work(number: int) -> int:
        done = 0
        while time.monotonic() < end:
            with store.write() as db:
                tries.count(db, "test", "key")
                tries.failed(db, "test", "key")
            with store.read() as db:
                tries.count(db, "test", "key")
            done += 1
        return done

    with ThreadPoolExecutor(THREADS) as pool:
        sys.stdout.write(str(sum(pool.map(work, range(THREADS)))))


if __name__ == "__main__":
    main()
