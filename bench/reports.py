"""How long the reports of a large customer take, all due at once, with a worker as it runs.

`python -m bench.reports` lets 10,000 people with 20 held mails each have their report, and says
how long it took until all were in the queue, and what memory the worker had.
"""

import argparse
import random
import time
from contextlib import closing
from datetime import timedelta

from sqlalchemy import func, select, update

from bench.filling import a_verdict, add_customer, store_mails, the_user
from bench.installation import Installation
from bench.measured import say
from bench.processes import Usage
from mailstore import clock
from mailstore.mailboxes import Mailbox, MailboxAddress
from mailstore.messages import Message
from mailstore.reports.rows import Report
from mailstore.store import Store

DOMAIN = "grosskundin.example"
TOGETHER = 100
PATIENCE = 900.0
MB = 2**20


def main() -> None:
    """Fill, wait, and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--held", type=int, default=20)
    parser.add_argument("--database", default="", help="Where rows are kept; empty: SQLite.")
    args = parser.parse_args()
    with Installation(("worker",), database_url=args.database) as it, closing(it.store()) as store:
        fill(store, args.people, args.held)
        say(_measured(it, store, args.people, args.held))


def fill(store: Store, people: int, held: int) -> None:
    """Add a customer with so many people, each with so many held mails, and no report yet."""
    dice = random.Random(7)  # noqa: S311 (the same rows every time)
    like = the_user(store)
    with store.write() as db:
        added = add_customer(db, DOMAIN, people, like)
        db.add_all(
            MailboxAddress(key=each.address.key, mailbox_id=each.mailbox_id) for each in added
        )
    for first in range(0, people, TOGETHER):
        some = added[first : first + TOGETHER]
        verdicts = [a_verdict(each, dice, held=True) for each in some for _ in range(held)]
        now = clock.now()
        store_mails(store, some[0], [(now, each) for each in verdicts], dice)
    with store.write() as db:
        # Search knew these mails long before their report.
        db.execute(update(Message).values(indexed=True))


def make_due(store: Store) -> None:
    """Let all reports be due now."""
    with store.write() as db:
        due = clock.now() - timedelta(seconds=1)
        db.execute(
            update(Mailbox).where(Mailbox.address.like(f"%@{DOMAIN}")).values(report_due_at=due)
        )


def _measured(it: Installation, store: Store, people: int, held: int) -> str:
    worker = [it.supervisor.pid("worker")]
    make_due(store)
    begun, memory = time.monotonic(), []
    for share in (people // 2, people):
        usage = Usage(worker)
        while _queued(store) < share and time.monotonic() - begun < PATIENCE:
            time.sleep(0.5)
        memory.append(usage.since())
    seconds = time.monotonic() - begun
    processor = sum(used.seconds for used in memory)
    idle, first, second = memory[0].idle, memory[0].peak, memory[1].peak
    return (
        f"{_queued(store)} reports of {held} held mails queued in {seconds:.0f} s with "
        f"{processor:.0f} s of processor; the worker had {idle / MB:.0f} MB before, "
        f"{first / MB:.0f} MB in the first half and {second / MB:.0f} MB in the second"
    )


def _queued(store: Store) -> int:
    with store.read() as db:
        return db.scalar(select(func.count()).select_from(Report)) or 0


if __name__ == "__main__":
    main()
