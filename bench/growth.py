"""How the cost of a mail grows with its size, its recipients, and the mails already stored.

    python -m bench.growth
    python -m bench.growth --stored 1000000

Prints a line for each step: drained mails per second, the reply to the dot, processor time.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bench.installation import BY, USER, Installation
from bench.load import Load, mail
from bench.measured import measure
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

# Size in bytes, recipients, mails, sessions.
SIZES = [(1 << 10, 1, 2000, 20), (10 << 10, 1, 2000, 20), (100 << 10, 1, 1000, 20)]
LARGE = [(1 << 20, 1, 200, 10), (5 << 20, 1, 60, 5), (25 << 20, 1, 15, 3)]
RECIPIENTS = [(10 << 10, 10, 300, 20), (10 << 10, 100, 50, 10), (10 << 10, 1000, 6, 2)]
USUAL = SIZES[1]
MOST_RECIPIENTS = 1000
STEP = 5000


def main() -> int:
    """Run the steps; 1 if a mail was not taken."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--stored", type=int, default=0, help="only this: with so many mails")
    args = parser.parse_args()
    with Installation() as it:
        if args.stored:
            return _beside_stored(it, args.stored)
        people = [USER, *_add_people(it, MOST_RECIPIENTS - 1)]
        steps = [*SIZES, *LARGE, *RECIPIENTS]
        return sum([_step(it, people, step, number) for number, step in enumerate(steps)]) and 1


def _beside_stored(it: Installation, count: int) -> int:
    missing = sum(_step(it, [USER], USUAL, number) for number in range(3))
    store = it.store()
    fill(store, count)
    store.close()
    _say(f"{count} mails more are stored")
    return (missing + sum(_step(it, [USER], USUAL, number) for number in range(3, 6))) and 1


def _step(
    it: Installation, people: Sequence[str], step: tuple[int, int, int, int], number: int
) -> int:
    """Measure one step and return how many of its mails were not taken."""
    size, recipients, count, sessions = step
    usage = Usage(it.supervisor.pids())
    first = number * MOST_RECIPIENTS * STEP
    load = Load(it.smtp, people[:recipients], count, size, sessions, first=first)
    measured = measure(load, it.sink)
    used = usage.since()
    _say(
        f"{size >> 10} KB, {recipients} recipients, {sessions} sessions: {measured.rate:.1f} "
        f"mails/s, {measured.rate * recipients:.0f} deliveries/s drained; reply to the dot "
        f"{measured.reply(0.5):.0f} ms (p50), {measured.reply(0.95):.0f} ms (p95); "
        f"{used.seconds / count * 1000:.1f} ms of processor a mail"
    )
    return count - measured.taken


def _add_people(it: Installation, count: int) -> list[str]:
    domain_name = Address.parse(USER).domain
    people = [Address.parse(f"person{number}@{domain_name}") for number in range(count)]
    store = it.store()
    with store.write() as db:
        tenant = db.scalars(select(Tenant)).one()
        domain = db.scalars(select(Domain).where(Domain.name == domain_name)).one()
        for address in people:
            onboarding.add_mailbox(db, tenant, domain, address, name=address.local, by=BY)
    store.close()
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
    for first in range(0, count, STEP):
        with store.write() as db:
            last = db.scalar(select(Delivery.id).order_by(Delivery.id.desc()).limit(1)) or 0
            many = [
                _delivered(recipient, sealed, timedelta(days=7) * (number / count))
                for number in range(first, min(first + STEP, count))
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


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 (what a bench is for)


if __name__ == "__main__":
    sys.exit(main())
