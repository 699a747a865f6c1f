"""Strangers who say anything at any moment, and a client that must be served meanwhile.

    python -m tests.faults.fuzz --seconds 600 [--seed N] [--sessions 8] [--only NUMBER]

A real relay is talked to from many loopback addresses, so that each stored mail can be laid at
one conversation's door. `--only` repeats one conversation of a seed. Exits with 1 if a reply is
malformed, somebody waits over five seconds, a 250 and a row do not meet, or the log has a
traceback.
"""

import argparse
import itertools
import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from ipaddress import IPv4Address
from pathlib import Path

from sqlalchemy import select

from bench.installation import USER, Installation
from bench.processes import family
from mailstore import checking
from mailstore.messages import Message
from tests.faults.noise import script
from tests.faults.stranger import PATIENCE, TAKEN, Heard, converse
from tests.filter import certificates
from tests.filter.background import Background
from tests.filter.names import FakeDNS
from tests.filter.talk import Talk

# Loopback addresses from here on are trusted, those below are not: limits apply to half of all.
FIRST_TRUSTED, FIRST = IPv4Address("127.128.0.0"), IPv4Address("127.1.0.0")
PROBES = "127.0.0.1"
TRUSTED = f"{FIRST_TRUSTED}/9,{PROBES},::1"
# So many unknown recipients would only slow us down, which is what that limit is for.
SETTINGS = {"max_unknown_recipients": "10000", "min_free_bytes": "0", "trusted_peers": TRUSTED}
PROBE_EVERY = 0.1
SPARE_DESCRIPTORS = 30
SETTLE_SECONDS = 10.0
# What a stranger says must come escaped into the log.
BAD_LINE = re.compile(
    r"Traceback|smtp_session_failed|never retrieved|Exception ignored|[\0-\x1f\x7f]"
)
MAIL = b"From: Probe <probe@sender.example>\r\nSubject: Still there?\r\n\r\nYes.\r\n"
SHOWN, SHOWN_ALIKE = 12, 3
VARIES = re.compile(r"b['\"].*|\d+")


class Probe:
    """An ordinary client that counts how long it is kept waiting."""

    def __init__(self, port: int) -> None:
        self.promised: set[str] = set()
        self.slowest, self.failed = 0.0, ""
        self._port, self._stop = port, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        self._thread.join()

    def wrong(self) -> Iterator[str]:
        """Yield why an ordinary client would complain."""
        if self.failed:
            yield f"the probe failed: {self.failed}"
        if self.slowest > PATIENCE:
            yield f"the probe waited {self.slowest:.1f} s"

    def _run(self) -> None:
        while not self._stop.wait(PROBE_EVERY) and not self.failed:
            begun = time.monotonic()
            try:
                self._ask()
            except (OSError, AssertionError) as error:
                self.failed = repr(error)
            self.slowest = max(self.slowest, time.monotonic() - begun)

    def _ask(self) -> None:
        with Talk(self._port) as talk:
            assert talk.say("NOOP").startswith("250"), "NOOP"
            answer = talk.mail(MAIL, USER, sender="probe@sender.example")
            found = TAKEN.match(answer.encode() + b"\r")
            assert found, answer
            self.promised.add(found[1].decode())


class Findings:
    """What is wrong, counted by kind, with some examples of each."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.examples: list[str] = []

    def add(self, what: str, heard: Heard | None = None) -> None:
        """Note one thing, and the conversation it came from."""
        kind = VARIES.sub("…", what.partition("\n")[0])
        self.kinds[kind] += 1
        if self.kinds[kind] <= SHOWN_ALIKE:
            self.examples.append(what if heard is None else _told(heard, what))


class Fuzz:
    """Runs scripts of one seed against an installation, and keeps what is wrong."""

    def __init__(self, it: Installation, seed: int) -> None:
        self.it, self.seed = it, seed
        self.sent, self.stored, self.count = 0, 0, 0
        self.codes: Counter[str] = Counter()
        self.wrong = Findings()
        self._pid = it.supervisor.pid("relay")
        self._numbers = itertools.count()
        self._heard: list[Heard] = []
        self.probe = Probe(it.smtp)

    def run(self, seconds: float, sessions: int, only: Sequence[int]) -> None:
        """Talk for so long, or say only these scripts."""
        Talk(self.it.smtp).close()
        descriptors = self._descriptors()
        self.probe.start()
        end = time.monotonic() + seconds
        with ThreadPoolExecutor(sessions) as pool:
            done = pool.map(self._say, only) if only else pool.map(self._talk, [end] * sessions)
            list(done)
        self.probe.stop()
        self._wait_until_settled(descriptors)
        self._check_rows()
        for what in (*self.probe.wrong(), *self._logged()):
            self.wrong.add(what)
        if self.it.supervisor.pid("relay") != self._pid:
            self.wrong.add("the relay died")

    def _talk(self, end: float) -> None:
        while time.monotonic() < end:
            self._say(next(self._numbers))

    def _say(self, number: int) -> None:
        first = int(FIRST_TRUSTED if number % 2 else FIRST)
        ip = str(IPv4Address(first + 1 + number // 2))
        heard = converse(script(self.seed, number, USER), self.it.smtp, ip, USER)
        self._heard.append(heard)
        self.count += 1
        self.sent += len(heard.sent)
        self.codes += heard.codes
        for what in heard.wrong():
            self.wrong.add(what, heard)

    def _check_rows(self) -> None:
        stored: dict[str, set[str]] = {}
        with closing(self.it.store()) as store:
            with store.read() as db:
                for ip, public_id in db.execute(select(Message.client_ip, Message.public_id)):
                    stored.setdefault(ip, set()).add(public_id)
            for finding in checking.findings(store):
                self.wrong.add(f"the store: {finding}")
        self.stored = sum(map(len, stored.values()))
        if stored.pop(PROBES, set()) != self.probe.promised:
            self.wrong.add("the probe's mails and their rows do not meet")
        own = {heard.ip: stored.pop(heard.ip, set()) for heard in self._heard}
        # Whoever is trusted may have said that it speaks for somebody else.
        claimed = set().union(*stored.values())
        for heard in self._heard:
            rows = own[heard.ip] | (claimed & heard.promised)
            claimed -= heard.promised
            for what in heard.wrong_rows(rows):
                self.wrong.add(what, heard)
        if len(claimed) > sum(heard.may_have_claimed for heard in self._heard):
            self.wrong.add(f"{len(claimed)} mails of nobody")

    def _logged(self) -> Iterator[str]:
        lines = (self.it.folder / "log").read_bytes().decode(errors="replace").split("\n")
        found = [number for number, line in enumerate(lines) if BAD_LINE.search(line)]
        shown = {at + more for at in found[:SHOWN_ALIKE] for more in range(-1, SHOWN)}
        if found:
            excerpt = [ascii(line) for at, line in enumerate(lines) if at in shown]
            yield "\n".join([f"{len(found)} bad lines in the log:", *excerpt])

    def _wait_until_settled(self, before: int) -> None:
        end = time.monotonic() + SETTLE_SECONDS
        while (now := self._descriptors()) > before + SPARE_DESCRIPTORS:
            if time.monotonic() > end:
                self.wrong.add(f"{now} descriptors are open, {before} were")
                return
            time.sleep(0.1)

    def _descriptors(self) -> int:
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in family([self._pid]))


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if something was wrong."""
    args = _arguments(argv)
    print(f"seed {args.seed}", flush=True)  # noqa: T201 (a command)
    with _installation() as it:
        fuzz = Fuzz(it, args.seed)
        begun = time.monotonic()
        fuzz.run(args.seconds, args.sessions, args.only)
        seconds = time.monotonic() - begun
    codes = ", ".join(f"{code}: {count}" for code, count in sorted(fuzz.codes.items()))
    lines = [
        *fuzz.wrong.examples,
        *(f"{count} times: {kind}" for kind, count in fuzz.wrong.kinds.items()),
        f"seed {args.seed}: {fuzz.count} conversations in {seconds:.0f} s, {fuzz.sent} bytes,"
        f" {fuzz.stored} mails stored, slowest probe {fuzz.probe.slowest:.2f} s,"
        f" {fuzz.wrong.kinds.total()} wrong; replies {codes}",
    ]
    print("\n".join(lines))  # noqa: T201 (a command)
    return 1 if fuzz.wrong.kinds else 0


@contextmanager
def _installation() -> Iterator[Installation]:
    """Run a relay with a certificate and with names that do not exist."""
    with Background() as background:
        names = background.run(FakeDNS({}).start())
        it = Installation(("relay",), dns_servers=f"127.0.0.1:{names.port}", **SETTINGS)  # type: ignore[arg-type]  # settings are texts
        chain, key = certificates.write(it.folder, *certificates.made(it.settings.hostname))
        it.env |= {"MAILHAFEN_TLS_CERT": str(chain), "MAILHAFEN_TLS_KEY": str(key)}
        with it:
            yield it
        background.run(names.stop())


def _told(heard: Heard, what: str) -> str:
    said = heard.script
    return f"--only {said.number} ({said.state}, {said.ending}): {what}; noise {said.noise[:200]!r}"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--only", type=int, nargs="*", default=[], help="scripts to repeat")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
