"""How the cost of a mail grows with its size, its recipients, and the mails already stored.

    python -m bench.growth
    python -m bench.growth --stored 1000000

Prints a line for each step: drained mails per second, the reply to the dot, processor time.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bench.installation import BY, USER, Installation
from bench.load import Load, mail
from bench.measured import measure, say
from bench.processes import Usage
from mailstore import clock, events, mailboxes, onboarding, recording
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, State
from mailstore.domains import Domain
from mailstore.envelopes import Action, Client, MailClass, Recipient, Summary, Verdict
from mailstore.messages import new_public_id
from mailstore.recording import Accepted
from mailstore.retention import expiry_day
from mailstore.slices import Sealed
from mailstore.store import Store
from mailstore.tenants import Tenant


class Step(NamedTuple):
    """One load: mails of a size in bytes, each to so many recipients."""

    size: int
    recipients: int
    mails: int
    sessions: int


KB, MB = 2**10, 2**20
USUAL = Step(10 * KB, 1, 2000, 20)
STEPS = (
    Step(KB, 1, 2000, 20),
    USUAL,
    Step(100 * KB, 1, 1000, 20),
    Step(MB, 1, 200, 10),
    Step(5 * MB, 1, 60, 5),
    Step(25 * MB, 1, 15, 3),
    Step(10 * KB, 10, 300, 20),
    Step(10 * KB, 100, 50, 10),
    Step(10 * KB, 1000, 6, 2),
)
MOST_RECIPIENTS = max(step.recipients for step in STEPS)
MOST_MAILS = max(step.mails for step in STEPS)
TOGETHER = 5000


def main() -> int:
    """Run the steps; 1 if a mail was not taken."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--stored", type=int, default=0, help="only this: with so many mails")
    args = parser.parse_args()
    with Installation() as it:
        all_taken = _beside_stored(it, args.stored) if args.stored else _step_by_step(it)
    return 0 if all_taken else 1


def _step_by_step(it: Installation) -> bool:
    people = [USER, *_add_people(it, MOST_RECIPIENTS - 1)]
    return all([_taken(it, people, step, number) for number, step in enumerate(STEPS)])


def _beside_stored(it: Installation, count: int) -> bool:
    before = [_taken(it, [USER], USUAL, number) for number in range(3)]
    with closing(it.store()) as store:
        fill(store, count)
    say(f"{count} mails more are stored")
    return all([*before, *(_taken(it, [USER], USUAL, number) for number in range(3, 6))])


def _taken(it: Installation, people: Sequence[str], step: Step, number: int) -> bool:
    """Measure one step; whether all its mails were taken."""
    usage = Usage(it.supervisor.pids())
    whom, first = people[: step.recipients], number * MOST_MAILS
    load = Load(it.smtp, whom, step.mails, step.size, step.sessions, first=first)
    measured = measure(load, it.sink)
    used = usage.since()
    say(
        f"{step.size // KB} KB, {step.recipients} recipients, {step.sessions} sessions: "
        f"{measured.rate:.1f} mails/s, {measured.rate * step.recipients:.0f} deliveries/s "
        f"drained; reply to the dot {measured.reply(0.5):.0f} ms (p50), "
        f"{measured.reply(0.95):.0f} ms (p95); "
        f"{used.seconds / step.mails * 1000:.1f} ms of processor a mail"
    )
    return measured.taken == step.mails


def _add_people(it: Installation, count: int) -> list[str]:
    domain_name = Address.parse(USER).domain
    people = [Address.parse(f"person{number}@{domain_name}") for number in range(count)]
    with closing(it.store()) as store, store.write() as db:
        tenant = db.scalars(select(Tenant)).one()
        domain = db.scalars(select(Domain).where(Domain.name == domain_name)).one()
        for address in people:
            onboarding.add_mailbox(db, tenant, domain, address, name=address.local, by=BY)
    return [str(address) for address in people]


def fill(store: Store, count: int) -> None:
    """Add so many mails, delivered over the last seven days; all share one slice."""
    now = clock.now()
    with store.read() as db:
        recipient = mailboxes.resolve(db, Address.parse(USER))
    if recipient is None:
        raise LookupError(USER)
    day = expiry_day(now, recipient.keep_days)
    sealed = store.seal(recipient.tenant_id, day, [mail(0, 10_240)])
    (place,) = store.packs.append([sealed.slice])
    for first in range(0, count, TOGETHER):
        with store.write() as db:
            last = db.scalar(select(Delivery.id).order_by(Delivery.id.desc()).limit(1)) or 0
            many = [
                _delivered(recipient, sealed, timedelta(days=7) * (number / count))
                for number in range(first, min(first + TOGETHER, count))
            ]
            recording.record(db, [(each, place) for each in many])
            _deliver(db, recipient, last)


def _delivered(recipient: Recipient, sealed: Sealed, age: timedelta) -> Accepted:
    verdict = Verdict(recipient, Action.DELIVER, MailClass.CLEAN, 0.0, "score", ())
    public_id = new_public_id()
    return Accepted(
        public_id=public_id,
        tenant_id=recipient.tenant_id,
        received_at=clock.now() - age,
        client=Client("192.0.2.1", "mail.sender.example"),
        sender="bench@sender.example",
        summary=Summary(subject="Offerte", message_id=f"<{public_id}@bench.example>"),
        sealed=sealed,
        headers="",
        verdicts=(verdict,),
    )


def _deliver(db: Session, recipient: Recipient, last: int) -> None:
    """Let all deliveries after the last be done, each with a line of what happened."""
    new = db.scalars(select(Delivery.id).where(Delivery.id > last)).all()
    detail = {"reply": "250 ok", "attempt": 1}
    common = {"kind": State.DELIVERED, "tenant_id": recipient.tenant_id, "detail": detail}
    events.record_all(db, [common | {"delivery_id": each} for each in new], by=BY)
    done = {"state": State.DELIVERED, "done_at": clock.now(), "next_attempt_at": None}
    db.execute(update(Delivery).where(Delivery.id > last).values(**done, attempts=1))


if __name__ == "__main__":
    sys.exit(main())
