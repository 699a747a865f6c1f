from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import recording
from mailstore.deliveries import State
from mailstore.envelopes import Ended, MailClass, NewsletterAction
from mailstore.figures import Figure
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.packs import Pack
from mailstore.recording import Accepted
from mailstore.refusals import Refusal, Refused
from mailstore.store import Store
from tests.factories import (
    NOON,
    RAW,
    a_mailbox,
    a_recipient,
    a_verdict,
    accepted_by,
    an_accepted,
    deliveries_of,
    the_recipient,
)

pytestmark = pytest.mark.usefixtures("clock")

ADDRESSES = ("anna@muster.example", "beat@muster.example", "anna@other.example")


@pytest.fixture
def people(store: Store) -> list[Mailbox]:
    with store.write() as db:
        return [a_mailbox(db, address) for address in ADDRESSES]


def accept(store: Store, *addresses: str, held: Sequence[str] = ()) -> Accepted:
    with store.read() as db:
        recipients = [the_recipient(db, address) for address in addresses]
    verdicts = [
        a_verdict(recipient, held=str(recipient.address) in held, symbols=["GTUBE"])
        for recipient in recipients
    ]
    return accepted_by(store, verdicts)


def record(store: Store, *accepted: Accepted, refused: Sequence[Refused] = ()) -> None:
    places = store.packs.append([each.sealed.slice for each in accepted])
    with store.write() as db:
        recording.record(db, list(zip(accepted, places, strict=True)), refused)


def figures(store: Store) -> dict[tuple[int, str], tuple[int, int]]:
    """Return how often things happened, by domain and name, each with its bytes."""
    with store.read() as db:
        rows = db.scalars(select(Figure))
        return {(each.domain_id, each.name): (each.count, each.size) for each in rows}


def refused(mailbox: Mailbox) -> Refused:
    return Refused(
        at=NOON, tenant_id=mailbox.tenant_id, domain_id=mailbox.domain_id, mailbox_id=mailbox.id,
        recipient=mailbox.address, client_ip="192.0.2.7", sender="x@there.example",
        author="y@there.example", subject="Win", reason="virus", reply="550 5.7.1 no",
    )  # fmt: skip


@pytest.mark.usefixtures("people")
def test_a_group_of_several_tenants_is_recorded_together(store: Store) -> None:
    both = accept(store, *ADDRESSES[:2])
    other = accept(store, ADDRESSES[2])
    record(store, both, other)
    with store.read() as db:
        for accepted, addresses in ((both, ADDRESSES[:2]), (other, ADDRESSES[2:])):
            found = deliveries_of(db, accepted)
            assert [each.recipient for each in found] == list(addresses)
            assert {each.tenant_id for each in found} == {accepted.tenant_id}
            assert b"".join(store.content(found[0].message)) == RAW


@pytest.mark.usefixtures("people")
def test_one_content_is_kept_once_for_all_recipients_of_a_tenant(store: Store) -> None:
    record(store, accept(store, *ADDRESSES[:2]))
    with store.read() as db:
        assert len(db.scalars(select(Message)).all()) == 1
        assert len(db.scalars(select(Pack)).all()) == 1


@pytest.mark.usefixtures("people")
def test_each_recipient_has_a_fate_of_its_own(store: Store) -> None:
    accepted = accept(store, *ADDRESSES[:2], held=ADDRESSES[:1])
    record(store, accepted)
    with store.read() as db:
        held, queued = deliveries_of(db, accepted)
    assert (held.state, held.held_until, held.next_attempt_at) == (
        State.QUARANTINED, NOON + timedelta(days=30), None
    )  # fmt: skip
    assert (queued.state, queued.held_until, queued.next_attempt_at) == (State.QUEUED, None, NOON)


@pytest.mark.usefixtures("people")
def test_a_message_row_says_what_lists_show(store: Store) -> None:
    accepted = accept(store, ADDRESSES[0])
    record(store, accepted)
    with store.read() as db:
        message = deliveries_of(db, accepted)[0].message
    assert (message.author, message.author_name, message.subject) == (
        "bob@there.example", "Bob", "Plans"
    )  # fmt: skip
    assert (message.size, message.client_ip, message.helo) == (
        len(RAW), "192.0.2.7", "mail.there.example"
    )  # fmt: skip


@pytest.mark.usefixtures("people")
def test_figures_are_counted_by_domain_and_class(store: Store, people: list[Mailbox]) -> None:
    muster, other = people[0].domain_id, people[2].domain_id
    for _ in range(2):
        accepted = accept(store, *ADDRESSES[:2], held=ADDRESSES[:1]), accept(store, ADDRESSES[2])
        record(store, *accepted, refused=[refused(people[2])])
    assert figures(store) == {
        (muster, "in_spam"): (2, 2 * len(RAW)), (muster, "in_clean"): (2, 2 * len(RAW)),
        (muster, "held"): (2, 0), (other, "in_clean"): (2, 2 * len(RAW)),
        (other, "refused"): (2, 0),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("away", "mail_class", "expected"),
    [
        (True, MailClass.CLEAN, "out"),
        (True, MailClass.REPORT, "own"),
        (False, MailClass.REPORT, "own"),
    ],
    ids=["written by somebody", "a bounce", "a report"],
)
def test_what_people_write_and_what_we_write_is_not_received(
    store: Store,
    people: list[Mailbox],
    away: bool,
    mail_class: MailClass,
    expected: str,
) -> None:
    with store.read() as db:
        recipient = the_recipient(db)
    if away:
        recipient = replace(recipient, mailbox_id=None)
    record(store, accepted_by(store, [a_verdict(recipient, mail_class=mail_class)]))
    assert figures(store) == {(people[0].domain_id, expected): (1, len(RAW))}


def test_figures_begin_anew_every_hour(
    store: Store, people: list[Mailbox], clock: Traveller
) -> None:
    for _ in range(2):
        an_accepted(store, people[0])
        clock.shift(timedelta(hours=1))
    with store.read() as db:
        rows = db.execute(select(Figure.hour, Figure.count).order_by(Figure.hour)).all()
    assert [tuple(row) for row in rows] == [(NOON, 1), (NOON + timedelta(hours=1), 1)]


def test_a_refusal_is_written_without_any_mail(store: Store, people: list[Mailbox]) -> None:
    record(store, refused=[refused(people[0]), refused(people[1])])
    with store.read() as db:
        found = db.scalars(select(Refusal).order_by(Refusal.id)).all()
        assert db.scalars(select(Message)).all() == []
    assert [each.recipient for each in found] == list(ADDRESSES[:2])
    assert (found[0].reason, found[0].reply) == ("virus", "550 5.7.1 no")


def test_nothing_at_all_is_recorded_as_nothing(store: Store) -> None:
    record(store)
    assert figures(store) == {}


@pytest.mark.parametrize(
    ("action", "mail_class", "tag"),
    [
        (NewsletterAction.TAG, MailClass.NEWSLETTER, "[NL]"),
        (NewsletterAction.TAG, MailClass.CLEAN, ""),
        (NewsletterAction.HEADER, MailClass.NEWSLETTER, ""),
        (NewsletterAction.NOTHING, MailClass.NEWSLETTER, ""),
    ],
    ids=["newsletter", "no newsletter", "header instead", "nothing"],
)
@pytest.mark.usefixtures("people")
def test_only_a_newsletter_under_such_a_policy_is_tagged(
    store: Store, action: NewsletterAction, mail_class: MailClass, tag: str
) -> None:
    recipient = a_recipient(newsletters=action, newsletter_tag="[NL]")
    accepted = accepted_by(store, [a_verdict(recipient, mail_class=mail_class)])
    record(store, accepted)
    with store.read() as db:
        assert deliveries_of(db, accepted)[0].tag == tag


@pytest.mark.parametrize(
    ("arrived", "state", "told"),
    [(True, State.DELIVERED, False), (False, State.FAILED, True)],
    ids=["it is here", "nobody is there"],
)
def test_what_has_ended_waits_for_nothing(
    store: Store, people: list[Mailbox], arrived: bool, state: State, told: bool
) -> None:
    with store.read() as db:
        verdict = a_verdict(the_recipient(db))
    accepted = accepted_by(store, [replace(verdict, ended=Ended(arrived, "550 no"))])
    record(store, accepted)
    with store.read() as db:
        (delivery,) = deliveries_of(db, accepted)
    assert (delivery.state, delivery.reply, delivery.done_at) == (state, "550 no", NOON)
    assert (delivery.queued_at, delivery.next_attempt_at) == (None, None)
    assert (delivery.dsn_at is not None) is told
