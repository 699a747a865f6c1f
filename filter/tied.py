"""Ties a process to its parent: `python -m filter.tied COMMAND…` ends when whoever began it does.

Without this, a supervisor that is killed would leave processes behind that hold its ports.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Have the kernel tell this process to stop once its parent is gone (Linux, prctl(2))."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)  # it died before we asked


def main() -> None:
    """Become the command that is given."""
    parent, *command = sys.argv[1:]
    end_with_parent(int(parent))
    os.execvp(command[0], command)  # noqa: S606 (the command of our own supervisor)


if __name__ == "__main__":
    main()
