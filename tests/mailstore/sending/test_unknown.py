from collections.abc import Sequence

import pytest
from sqlalchemy import select, update

from mailstore import deliveries, lanes, outbox, recording
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, Direction, Outcome, Result
from mailstore.envelopes import Action, Client, MailClass, Policy, Recipient, Verdict
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.retries import Retries
from mailstore.routes import Route
from mailstore.sending import unknown
from mailstore.sending.counts import SendingCount
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA, LEASE, PEER, accepted_by, deliveries_of

THERE = [f"person{number}@there.example" for number in range(3)]
NOBODY = Outcome(Result.REFUSED, "550 5.1.1 nobody here")


def sent(
    store: Store,
    anna: Mailbox,
    *,
    mail_class: MailClass = MailClass.CLEAN,
    writer_id: int | None = None,
    client: Client = PEER,
    sender: str = ANNA,
) -> Sequence[Delivery]:
    """Return what Anna wrote to three strangers, claimed for sending."""
    with store.write() as db:
        lane_id = lanes.lane_to(db, Route.parse("127.0.0.1:2527"))
    verdicts = [
        Verdict(
            Recipient(
                Address.parse(each), anna.tenant_id, anna.domain_id, None, lane_id, 7, 7, Policy()
            ),
            Action.DELIVER, mail_class, 0.0, "score", (),
        )
        for each in THERE
    ]  # fmt: skip
    accepted = accepted_by(store, verdicts)
    (place,) = store.packs.append([accepted.sealed.slice])
    with store.write() as db:
        recording.record(db, [(accepted, place)])
        of_message = [each.message_id for each in deliveries_of(db, accepted)]
        db.execute(update(Delivery).values(direction=Direction.OUT))
        values = {"writer_id": writer_id, "client_ip": client.ip, "sender": sender}
        db.execute(update(Message).where(Message.id.in_(of_message)).values(**values))
    with store.write() as db:
        retries = Retries.of(store.settings)
        return deliveries.claim(db, lane_id, limit=10, lease=LEASE, retries=retries)


def finish(store: Store, attempts: Sequence[Delivery], outcome: Outcome = NOBODY) -> None:
    with store.write() as db:
        pairs = [(each, outcome) for each in attempts]
        deliveries.finish_all(db, pairs, Retries.of(store.settings))


def counted(store: Store) -> list[tuple[int, int, int]]:
    with store.read() as db:
        rows = db.scalars(select(SendingCount))
        return [(each.mailbox_id, each.domain_id, each.unknown) for each in rows]


def test_who_is_not_there_is_counted_for_the_mailbox_that_wrote(
    store: Store, anna: Mailbox
) -> None:
    finish(store, sent(store, anna, writer_id=anna.id))
    assert counted(store) == [(anna.id, 0, 3)]


@on_sqlite
def test_or_else_for_the_programs_of_the_domain_a_null_sender_too(
    store: Store, anna: Mailbox
) -> None:
    finish(store, sent(store, anna, sender=""))
    assert counted(store) == [(0, anna.domain_id, 3)]


@on_sqlite
def test_an_outcome_that_comes_too_late_counts_nothing(store: Store, anna: Mailbox) -> None:
    claimed = sent(store, anna, writer_id=anna.id)
    for _ in range(2):
        finish(store, claimed)
    assert counted(store) == [(anna.id, 0, 3)]


@on_sqlite
def test_what_we_write_ourselves_is_never_counted(store: Store, anna: Mailbox) -> None:
    finish(store, sent(store, anna, client=outbox.OURSELVES, sender=""))
    finish(store, sent(store, anna, mail_class=MailClass.REPORT, writer_id=anna.id))
    assert counted(store) == []


@on_sqlite
@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(Result.REFUSED, "550 5.7.1 spam"),
        Outcome(Result.TRY_LATER, "450 4.1.1 later"),
        Outcome(Result.SENT, "250 2.1.5 5.1.1"),
    ],
    ids=["refused", "later", "sent"],
)
def test_other_outcomes_are_no_unknown_recipients(
    store: Store, anna: Mailbox, outcome: Outcome
) -> None:
    finish(store, sent(store, anna, writer_id=anna.id), outcome)
    assert counted(store) == []


@pytest.mark.parametrize(
    ("reply", "known"),
    [
        ("550 5.1.1 nobody", False),
        ("550-5.1.1 nobody\n550 5.1.1 here", False),
        ("556 5.1.10 no mail here", False),
        ("550 5.1.2 no such domain", False),
        ("553 5.1.8 your address", True),
        ("550 5.1.12 what", True),
        ("550 nobody, 5.1.1", True),
        ("450 4.1.1 later", True),
    ],
)
def test_replies_that_say_that_there_is_no_such_recipient(reply: str, known: bool) -> None:
    assert unknown.says_unknown(reply) is not known
