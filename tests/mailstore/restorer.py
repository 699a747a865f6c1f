"""A process that restores, and dies with a mail in its folder before it can note so.

python -m tests.mailstore.restorer RESTORE NUMBER
"""

import itertools
import os
import signal
import sys
from typing import Any

from mailstore import restoring
from mailstore.imap import Folder
from mailstore.settings import Settings
from mailstore.store import Store


def main() -> None:
    restore_id, last = map(int, sys.argv[1:])
    put, numbers = Folder.put, itertools.count(1)

    def dying(folder: Folder, *args: Any, **more: Any) -> None:
        put(folder, *args, **more)
        if next(numbers) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    Folder.put = dying  # type: ignore[method-assign, assignment]  # there are no hooks for this
    restoring.restore(Store.open(Settings.load()), restore_id)


if __name__ == "__main__":
    main()
