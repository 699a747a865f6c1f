"""Real-looking mails with odd changes: none fails anything, and none comes out otherwise.

    python -m tests.faults.mutate --mails 10000 [--folder DIRECTORY] [--seed N]

Originals are our samples, or all files of a folder. Each mail goes through relay and worker to
a sink, what is held is released; each is read for a page, and all lists and a report are shown.
Exits with 1 if a page, a rule or a process fails, or if other bytes are stored or come out.
"""

import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from bench.installation import USER, Installation
from mailstore import accounts, sessions
from mailstore.errors import SandboxFailed
from mailstore.mailboxes import Mailbox
from mailstore.sandbox import Sandbox
from mailstore.store import Store
from portal.app import create_app
from portal.content.reading import RENDERING, SECONDS
from tests import reporting
from tests.faults.mutation import mutant, originals
from tests.faults.passage import Passed, arrived, canonical, send
from tests.faults.scene import arguments, report
from tests.faults.sender import Letter
from tests.portal.browsing import following

CALLS = {
    "read": None,
    "body": {"links": True, "remote": True, "seconds": 2.0},
    "plain": None,
    "source": None,
}
# A mail may be too much; anything else that fails was not foreseen.
FORESEEN = re.compile(r"RecursionError|TooComplex: |timed out|TimeoutError")
BAD_LINE = re.compile(r"Traceback|_failed\b|never retrieved|Exception ignored")


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if anything fails or changes."""
    parser = arguments(__doc__, mails=10_000)
    parser.add_argument("--folder", type=Path, default=None)
    args = parser.parse_args(argv)
    mails, begun = originals(args.folder), time.monotonic()
    letters = [
        Letter(str(number), (USER,), mutant(args.seed, number, mails), odd=True)
        for number in range(args.mails)
    ]
    with (
        Installation(sink_keeps=True, min_free_bytes="0", examine_seconds="5") as it,
        closing(it.store()) as store,
    ):
        attempts = send(it, letters)
        broken = [*_unshown(store), *_unread(letters)]
        passed = arrived(it, store, attempts)
        broken += [what for each in passed for what in each.broken()]
        broken += [*_broken_rules(passed), *_logged(it)]
    found = Counter(name for each in passed if each.delivery for name, *_ in each.delivery.symbols)
    figures: dict[str, object] = {
        "mails": len(letters),
        "originals": len(mails),
        "taken": sum(each.attempt.promised for each in passed),
        "refused": sum(not each.attempt.promised for each in passed),
        "tagged": sum(each.tagged for each in passed),
        "unexamined": found["UNEXAMINED"],
        "seconds": time.monotonic() - begun,
    }
    return report("mutate", args.seed, figures, broken)


def _broken_rules(passed: Sequence[Passed]) -> Iterator[str]:
    for each in passed:
        for name, detail, _ in each.delivery.symbols if each.delivery else ():
            if name == "RULE_BROKEN":
                yield f"mail {each.letter.id}: {detail}"
            if name == "UNEXAMINED" and not FORESEEN.search(detail):
                yield f"mail {each.letter.id}: could not be examined, {detail}"


def _unread(letters: Sequence[Letter]) -> Iterator[str]:
    """Yield what fails while a page reads a mail."""
    with closing(Sandbox(RENDERING)) as sandbox:
        for each in letters:
            for call, args in CALLS.items():
                try:
                    sandbox.call(call, args, canonical(each.content), seconds=SECONDS)
                except SandboxFailed as error:
                    if not FORESEEN.search(str(error)):
                        yield f"mail {each.id}: {call} fails, {error}"


def _unshown(store: Store) -> Iterator[str]:
    """Yield each list that is not shown, to its last page; raises what a report fails with."""
    client = create_app(store.settings, store, ()).test_client()
    with store.write() as db:
        account = accounts.find(db, USER)
        assert account is not None
        token = sessions.start(db, account, "test")
    with client.session_transaction() as session:
        session["_user_id"] = token
    for path in ("/quarantine/", "/webmail/"):
        while path:
            answer = client.get(path)
            if answer.status_code != 200:
                yield f"{path}: {answer.status}"
                break
            path = following(answer)  # noqa: PLW2901 (a list goes on under another address)
    with store.read() as db:
        mailbox = db.scalars(select(Mailbox).where(Mailbox.address == USER)).one()
    reporting.raw(store, reporting.keep(store, mailbox).draft)


def _logged(it: Installation) -> Iterator[str]:
    lines = (it.folder / "log").read_text(errors="replace").splitlines()
    for line in lines:
        if BAD_LINE.search(line) and not FORESEEN.search(line):
            yield f"the log says: {line[:300]}"


if __name__ == "__main__":
    sys.exit(main())
