"""An installation to break: its processes can be killed, frozen, and told to die at a step."""

import argparse
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self

from sqlalchemy import func, select

from bench.installation import BY, USER, Installation, wait_for
from bench.processes import family
from mailstore import onboarding
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, State
from mailstore.domains import Takes
from tests.faults.forge import LAUNCHER, Forging
from tests.faults.ledger import Book, Fault
from tests.faults.sender import Sender

# Timers of the product, scaled so that a run takes minutes.
LEASE, EVERY = 2.0, 0.2
SCALED = {"retry_seconds": "0.5", "relay_children": "1", "min_free_bytes": "0"}
TENANTS = ("Hafenbau AG", "Werft GmbH")
PEOPLE = 4
PATIENCE = 60.0
BACK_SECONDS, END_SECONDS = 30.0, 40.0


class Scene(Installation):
    """An installation of three tenants, run by our launcher; keeps the injector's log."""

    supervised_by = Forging

    def __init__(
        self,
        processes: Sequence[str] = ("relay", "worker"),
        *,
        lease: float = LEASE,
        second: str = "",
        **settings: Any,
    ) -> None:
        super().__init__(processes, **(SCALED | settings))
        self.faults: list[Fault] = []
        self.people = [USER]
        self._lease = lease
        self._open = ExitStack()
        for name in processes:
            if name in ("relay", "worker"):
                self.launch(name)
        if second:
            self.launch("second", command=("flask", second))

    def __enter__(self) -> Self:
        try:
            super().__enter__()
            self._add_people()
            self.wait_up()
        except BaseException:
            # Nobody else ends what was started for a scene that did not begin.
            self.supervisor.stop.set()
            self.supervisor.end()
            raise
        return self

    def _add_people(self) -> None:
        with closing(self.store()) as store, store.write() as db:
            for number, name in enumerate(TENANTS):
                tenant = onboarding.add_tenant(db, name, by=BY)
                hop, domain = f"127.0.0.1:{self.sink.port}", f"tenant{number}.example"
                added = onboarding.add_domain(db, tenant, domain, hop, Takes.KNOWN, by=BY)
                for person in range(PEOPLE):
                    address = f"person{person}@{domain}"
                    parsed = Address.parse(address)
                    onboarding.add_mailbox(db, tenant, added, parsed, name=address, by=BY)
                    self.people.append(address)

    def __exit__(self, kind: object, *rest: object) -> None:
        self._open.close()
        # All is on record, and how processes end when they are asked to is for `restarts` to say.
        self.supervisor.stop.set()
        for pid in family(self.supervisor.pids()):
            _send_signal(pid, signal.SIGKILL)
        super().__exit__(kind, *rest)

    def launch(
        self, name: str, *options: str, command: Sequence[str] = (), prefix: Sequence[str] = ()
    ) -> None:
        """Say how a process starts from its next start on; the prefix is a program around it."""
        launcher = [*LAUNCHER, "--lease", str(self._lease)]
        launcher += ["--every", str(EVERY), "--ready", str(self._ready(name)), *options, "--"]
        commands = dict(self.supervisor.commands)
        commands[name] = [*prefix, *launcher, *(command or ("flask", name))]
        self.supervisor.commands = commands

    def restart(self, name: str, *options: str, **how: Sequence[str]) -> None:
        """Start a process again with other options, at once."""
        self.launch(name, *options, **how)
        self.kill(name)

    def kill(self, *names: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send processes a signal and return once the supervisor has started others."""
        self.note(f"{number.name} {'+'.join(names)}", delivering="worker" in names)
        self.end(*names, number=number)

    def end(self, *names: str, number: signal.Signals) -> None:
        """Do the same without a line in the log."""
        pids = {name: self.supervisor.pid(name) for name in names}
        alone = len(names) == 1 and "portal" not in names
        victims = set(pids.values()) if alone else family(list(pids.values()))
        for pid in victims:
            _send_signal(pid, number)
        until(
            lambda: all(self.supervisor.pid(name) != pid for name, pid in pids.items()), END_SECONDS
        )

    def note(self, what: str, *, delivering: bool = False) -> None:
        """Log a fault."""
        self.faults.append(Fault(what, time.monotonic(), delivering))

    def wait_up(self, names: Iterable[str] = ()) -> None:
        """Return once these processes, or all of them, do their work."""
        for name in names or self.supervisor.commands:
            if name == "portal":
                wait_for(self.web)
                continue
            until(lambda name=name: self._is_ready(name))  # type: ignore[misc]  # bound at once

    def settle(self, seconds: float = PATIENCE) -> bool:
        """Wait until no delivery is queued or being released; False if some still are."""
        on_the_way = (State.QUEUED, State.RELEASING)
        waiting = select(func.count()).where(Delivery.state.in_(on_the_way))
        with closing(self.store()) as store:

            def nothing_waits() -> bool:
                with store.read() as db:
                    return not db.scalar(waiting)

            return until(nothing_waits, seconds, fail=False)

    def book(self, *senders: Sender) -> Book:
        """Return the joined logs; they can be asked while the scene lasts."""
        store = self._open.enter_context(closing(self.store()))
        return Book(senders, list(self.sink.taken), self.faults, store)

    def logged(self) -> Counter[str]:
        """Return how often each event stands in the processes' log."""
        lines = (self.folder / "log").read_text(errors="replace").splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        return Counter(event.get("event", "") for event in events)

    def _ready(self, name: str) -> Path:
        return self.folder / f"ready-{name}"

    def _is_ready(self, name: str) -> bool:
        file = self._ready(name)
        said = file.read_text() if file.exists() else ""
        # A relay may have children that listen for it.
        return said.isdigit() and int(said) in family([self.supervisor.pid(name)])


def _send_signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def until(what: Callable[[], bool], seconds: float = BACK_SECONDS, *, fail: bool = True) -> bool:
    """Wait until something holds; raises TimeoutError, or says False."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            if fail:
                raise TimeoutError
            return False
        time.sleep(0.02)
    return True


def arguments(doc: str | None, **defaults: Any) -> argparse.ArgumentParser:
    """Return a parser with --seed and an option for each default."""
    parser = argparse.ArgumentParser(description=(doc or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    return parser


def report(name: str, seed: int, figures: Mapping[str, object], broken: Sequence[str]) -> int:
    """Print one line of figures and what is broken; return the exit code."""
    told = " ".join(f"{key}={_short(value)}" for key, value in figures.items())
    print(f"{name}: seed={seed} {told} broken={len(broken)}", flush=True)  # noqa: T201 (a command)
    for sentence in broken[:20]:
        print(f"  {sentence}", file=sys.stderr, flush=True)  # noqa: T201 (a command)
    return 1 if broken else 0


def _short(value: object) -> object:
    return round(value, 2) if isinstance(value, float) else value
