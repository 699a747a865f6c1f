"""A process that puts mail into a folder, and dies with one there before it can note so.

python -m tests.mailstore.restorer JOB ID NUMBER
"""

import itertools
import os
import signal
import sys
from typing import Any

from mailstore import restoring
from mailstore.imap import Folder
from mailstore.jobs import REGISTRY
from mailstore.sending import bringing
from mailstore.settings import Settings
from mailstore.store import Store

JOBS = (restoring.restore, bringing.bring_home)


def main() -> None:
    name, (its_id, last) = sys.argv[1], map(int, sys.argv[2:])
    put, numbers = Folder.put, itertools.count(1)

    def dying(folder: Folder, *args: Any, **more: Any) -> None:
        put(folder, *args, **more)
        if next(numbers) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    Folder.put = dying  # type: ignore[method-assign, assignment]  # there are no hooks for this
    REGISTRY[name](Store.open(Settings.load()), its_id)


if __name__ == "__main__":
    main()
