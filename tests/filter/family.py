"""Relay processes without a relay: `python -m tests.filter.family FOLDER HOW`.

Each puts a file named after itself into the folder, and then does what HOW says.
"""

import os
import signal
import sys
import time
from pathlib import Path

from filter import processes
from filter.limits import Counters, Limits
from mailstore.errors import Misconfigured
from mailstore.store import Store


def main() -> None:
    """Run two of them until told to stop."""
    folder, how = Path(sys.argv[1]), sys.argv[2]

    def open_store() -> Store:
        (folder / str(os.getpid())).touch()
        if how == "misconfigured":
            raise Misconfigured("No store.")
        if how == "broken":
            raise KeyError("a bug")
        if how == "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            (folder / str(os.getpid())).write_text("stubborn")
        while True:
            time.sleep(60)

    processes.PAUSE, processes.PATIENCE = 0.2, 1.0
    processes.Family(Counters(2), Limits(9, 9, 9), open_store).run()


if __name__ == "__main__":
    main()
