"""Runs one of our processes, and lets it die at steps of its work.

    python -m tests.faults.dying --die FOLDER -- flask relay

The product has no hooks for this: its functions are wrapped from here before the command runs.
Once FOLDER/rows_committed-now is there, the process dies at that step, once: it leaves the mark
FOLDER/rows_committed behind.
"""

import argparse
import os
import runpy
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from filter import ledger, recorder, server, sweep
from filter.listening import listen
from mailstore import db
from tests.faults.steps import STEPS, Death, after, replace


def main() -> None:
    """Wrap what is asked for, then run the command."""
    args = _arguments()
    ledger.LEASE = timedelta(seconds=args.lease)
    sweep.EVERY = args.every
    if args.busy_seconds:
        replace(db, "BUSY_MS", int(args.busy_seconds * 1000))
        replace(recorder, "LONGEST_WAIT", args.busy_seconds)
    if args.examination:
        replace(server, "CHILD", args.examination)
    if args.ready:
        _tell_when_ready(args.ready)
    if args.die:
        for name, step in STEPS.items():
            step(Death(args.die / name))
    sys.argv = args.command
    runpy.run_module(args.command[0], run_name="__main__")


def _tell_when_ready(file: Path) -> None:
    def tell(_result: object) -> bool:
        file.write_text(str(os.getpid()))
        return False

    after(sweep, "sweep", when=tell)(Death(file))

    async def listening(*args: Any) -> Any:
        found = await listen(*args)
        tell(found)
        return found

    replace(server, "listen", listening)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lease", type=float, default=300.0)
    parser.add_argument("--every", type=float, default=1.0)
    parser.add_argument("--ready", type=Path)
    parser.add_argument("--die", type=Path, help="the folder that says at which steps")
    parser.add_argument("--busy-seconds", type=float, default=0.0)
    parser.add_argument("--examination", default="", help="the module whose functions examine")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


if __name__ == "__main__":
    main()
