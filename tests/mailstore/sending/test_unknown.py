from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from mailstore import claims, outbox
from mailstore.deliveries import Delivery, Outcome, Result
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.retries import Retries
from mailstore.sending import unknown
from mailstore.sending.counts import SendingCount
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import LEASE
from tests.mailstore.sending.outgoing import an_outgoing

NOBODY = Outcome(Result.REFUSED, "550 5.1.1 nobody here")


def sent(store: Store, anna: Mailbox, **values: Any) -> Sequence[Delivery]:
    """Return what Anna wrote to three strangers, claimed for sending."""
    (lane_id,) = {each.lane_id for each in an_outgoing(store, anna, **values)}
    with store.write() as db:
        retries = Retries.of(store.settings)
        return claims.claim(db, lane_id, limit=10, lease=LEASE, retries=retries)


def finish(store: Store, attempts: Sequence[Delivery], outcome: Outcome = NOBODY) -> None:
    with store.write() as db:
        pairs = [(each, outcome) for each in attempts]
        claims.finish_all(db, pairs, Retries.of(store.settings))


def counted(store: Store) -> list[tuple[int, int, int]]:
    with store.read() as db:
        rows = db.scalars(select(SendingCount))
        return [(each.mailbox_id, each.domain_id, each.unknown) for each in rows]


def test_who_is_not_there_is_counted_for_the_mailbox_that_wrote(
    store: Store, anna: Mailbox
) -> None:
    finish(store, sent(store, anna))
    assert counted(store) == [(anna.id, 0, 3)]


@on_sqlite
def test_or_else_for_the_programs_of_the_domain_a_null_sender_too(
    store: Store, anna: Mailbox
) -> None:
    finish(store, sent(store, anna, by_program=True, sender=""))
    assert counted(store) == [(0, anna.domain_id, 3)]


@on_sqlite
def test_an_outcome_that_comes_too_late_counts_nothing(store: Store, anna: Mailbox) -> None:
    claimed = sent(store, anna)
    for _ in range(2):
        finish(store, claimed)
    assert counted(store) == [(anna.id, 0, 3)]


@on_sqlite
def test_what_we_write_ourselves_is_never_counted(store: Store, anna: Mailbox) -> None:
    finish(store, sent(store, anna, by_program=True, client=outbox.OURSELVES, sender=""))
    finish(store, sent(store, anna, mail_class=MailClass.REPORT))
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
    finish(store, sent(store, anna), outcome)
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
