import os
import signal
import subprocess
import sys

import pytest

from filter.supervisor import TIED
from mailstore.sandbox import ROOT
from tests.filter.pids import alive, until

SLEEP = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)"]
PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([*sys.argv[1:3], "filter.tied", str(os.getpid()), *sys.argv[4:]])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_tied_process_ends_when_its_parent_is_killed(number: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT, *TIED, *SLEEP]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603 (our own)
        assert parent.stdout is not None
        lines = {parent.stdout.readline().strip() for _ in range(2)}
        child = int((lines - {"up"}).pop())
        assert alive(child)
        parent.send_signal(number)
        parent.wait()
        until(lambda: not alive(child))


def test_a_tied_process_is_the_command_itself() -> None:
    command = [*TIED, str(os.getpid()), sys.executable, "-c", "import os; print(os.getpid())"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as tied:  # noqa: S603 (our own)
        said, _ = tied.communicate()
    assert (int(said), tied.returncode) == (tied.pid, 0)


def test_a_process_whose_parent_is_gone_already_never_begins() -> None:
    command = [*TIED, "1", *SLEEP]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 (our own)
    assert (done.returncode, done.stdout) == (1, "")
