"""Held mail that people are told of at once: what, to whom, and how often."""

import pytest
from sqlalchemy import update
from time_machine import Traveller

from mailstore import atonce, tailoring
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldNotice, MailClass
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.recording import record
from mailstore.store import Store
from portal.reports.sending import tell_held
from tests.factories import a_verdict, accepted_by, the_recipient
from tests.reporting import draft_of, queued

OURS = Delivery.mail_class == MailClass.REPORT
pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture(autouse=True)
def _clock(clock: Traveller) -> Traveller:
    return clock


def want(store: Store, anna: Mailbox, notice: HeldNotice) -> None:
    with store.write() as db:
        tailoring.tailor(db, db.get_one(Mailbox, anna.id), {"notice": notice.value}, by="test")


def hold(store: Store, score: float, mail_class: MailClass = MailClass.SPAM) -> None:
    with store.read() as db:
        recipient = the_recipient(db)
    verdict = a_verdict(recipient, held=True, score=score, mail_class=mail_class)
    accepted = accepted_by(store, [verdict])
    (place,) = store.packs.append([accepted.sealed.slice])
    with store.write() as db:
        record(db, [(accepted, place)])


def subjects(store: Store) -> list[str]:
    with store.read() as db:
        return [db.get_one(Message, each.message_id).subject for each in queued(store)]


@pytest.mark.parametrize(
    ("notice", "score", "mail_class", "told"),
    [
        (HeldNotice.OFF, 5.0, MailClass.SPAM, False),
        (HeldNotice.BORDERLINE, 6.9, MailClass.SPAM, True),
        (HeldNotice.BORDERLINE, 7.0, MailClass.SPAM, False),
        (HeldNotice.BORDERLINE, 5.0, MailClass.PHISH, False),
        (HeldNotice.ALL, 99.0, MailClass.PHISH, True),
    ],
)
def test_the_policy_says_of_what_people_are_told(
    store: Store, anna: Mailbox, notice: HeldNotice, score: float, mail_class: MailClass,
    told: bool,
) -> None:  # fmt: skip
    want(store, anna, notice)
    hold(store, score, mail_class)
    tell_held(store)
    assert subjects(store) == ["1 Nachricht wurde soeben zurückgehalten"] * told


def test_nobody_is_told_twice_and_many_come_together(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    want(store, anna, HeldNotice.ALL)
    hold(store, 9.0)
    for _ in range(2):
        tell_held(store)
    hold(store, 9.0)
    hold(store, 9.0)
    tell_held(store)
    assert len(subjects(store)) == 1
    clock.shift(atonce.PAUSE)
    tell_held(store)
    assert subjects(store)[1:] == ["2 Nachrichten wurden soeben zurückgehalten"]
    assert news(store, anna)
    with store.write() as db:
        db.execute(update(Delivery).where(OURS).values(state=State.DELIVERED))
    assert not news(store, anna)


def news(store: Store, anna: Mailbox) -> bool:
    """Whether the next report has anything to say; notices that still wait are replaced by it."""
    report = draft_of(store, anna, ask=False)
    assert report is not None
    return report.lines.is_news
