"""What a report names, in what order, and what it only counts."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from time_machine import Traveller

from mailstore import refusals, tailoring
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass, Summary
from mailstore.mailboxes import Mailbox
from mailstore.ownlists import BLOCKED
from mailstore.refusals import Refused
from mailstore.reports.lines import FOLDED_FROM, MOST_LINES, Lines
from mailstore.senders import AUTHENTICATED
from mailstore.store import Store
from tests.factories import NOON, a_held_delivery, an_accepted
from tests.reporting import draft_of, keep

pytestmark = pytest.mark.usefixtures("clock")

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
EVE = Summary(author=Address("eve", "known.example"), subject="Plans")


def held(store: Store, mailbox: Mailbox, **values: Any) -> int:
    """Return the id of a held mail whose row says so."""
    summary = values.pop("summary", Summary(subject="Plans"))
    delivery = a_held_delivery(store, mailbox, summary=summary)
    with store.write() as db:
        if values:
            db.execute(update(Delivery).where(Delivery.id == delivery.id).values(**values))
    return delivery.id


def lines_of(store: Store, mailbox: Mailbox, *, ask: bool = False) -> Lines:
    draft = draft_of(store, mailbox, ask=ask)
    assert draft is not None
    return draft.lines


def new(store: Store, mailbox: Mailbox, *, ask: bool = False) -> list[int]:
    return [each.id for each in lines_of(store, mailbox, ask=ask).new]


def say(store: Store, mailbox: Mailbox, **values: Any) -> None:
    with store.write() as db:
        tailoring.tailor(db, db.get_one(Mailbox, mailbox.id), values, by="test")


def test_what_its_reader_most_likely_wants_comes_first(store: Store, anna: Mailbox) -> None:
    known = an_accepted(store, anna, summary=EVE)
    with store.write() as db:
        row = update(Delivery).where(Delivery.id == known.id)
        db.execute(row.values(state=State.DELIVERED))
    phish = held(store, anna, score=5.0, mail_class=MailClass.PHISH)
    far, near = held(store, anna, score=14.0), held(store, anna, score=5.5)
    proven = held(store, anna, score=9.0, symbols=[[AUTHENTICATED, "dkim", 0.0]])
    friend = held(store, anna, score=12.0, summary=EVE)
    assert new(store, anna) == [friend, proven, near, far, phish]


def test_a_long_report_only_counts_what_is_surely_spam(store: Store, anna: Mailbox) -> None:
    sure = {held(store, anna, score=40.0) for _ in range(5)}
    phish = held(store, anna, score=40.0, mail_class=MailClass.PHISH)
    assert sure < set(new(store, anna))
    doubtful = {held(store, anna, score=6.0) for _ in range(FOLDED_FROM - 5)}
    lines = lines_of(store, anna)
    assert {each.id for each in lines.new} == doubtful | {phish}
    assert {each.id for each in lines.folded} == sure
    assert sure < set(new(store, anna, ask=True))
    keep(store, anna, ask=False)
    assert not lines_of(store, anna).is_news


def test_a_blocked_sender_is_only_counted(store: Store, anna: Mailbox) -> None:
    blocked = held(store, anna, reason=BLOCKED)
    lines = lines_of(store, anna)
    assert ([each.id for each in lines.folded], list(lines.new)) == ([blocked], [])


def test_what_does_not_fit_comes_with_the_next_report(
    store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailstore.reports.lines.MOST_LINES", 3)
    assert MOST_LINES == 200
    mails = {held(store, anna) for _ in range(5)}
    first = lines_of(store, anna)
    assert (len(first.new), first.more) == (3, 2)
    keep(store, anna, ask=False)
    second = lines_of(store, anna)
    assert ({each.id for each in (*first.new, *second.new)}, second.more) == (mails, 0)


def test_what_ends_within_two_days_is_named_once_more(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    soon, later = (held(store, anna, held_until=NOON + days * DAY) for days in (3, 9))
    keep(store, anna, ask=False)
    assert lines_of(store, anna).others == []
    clock.shift(DAY + MINUTE)
    lines = lines_of(store, anna)
    assert ([each.id for each in lines.others], lines.is_news) == ([soon], False)
    everything = lines_of(store, anna, ask=True)
    assert [each.id for each in everything.others] == [soon, later]


def test_newsletters_that_were_tagged_and_what_was_refused_are_named_where_that_is_wanted(
    store: Store, anna: Mailbox
) -> None:
    tagged = an_accepted(store, anna, mail_class=MailClass.NEWSLETTER)
    with store.write() as db:
        refusals.record(db, [refused(anna, "score"), refused(anna, BLOCKED)])
    lines = lines_of(store, anna)
    assert (lines.tagged, lines.refused, lines.blocked) == ([], [], 0)
    say(store, anna, report_tagged=True, report_refused=True)
    lines = lines_of(store, anna)
    assert [each.id for each in lines.tagged] == [tagged.id]
    assert ([each.reason for each in lines.refused], lines.blocked) == (["score"], 1)
    keep(store, anna, ask=False)
    lines = lines_of(store, anna)
    assert (lines.tagged, lines.refused, lines.blocked) == ([], [], 0)


def refused(mailbox: Mailbox, reason: str) -> Refused:
    return Refused(
        NOON - MINUTE, mailbox.tenant_id, mailbox.domain_id, mailbox.id, mailbox.address,
        "192.0.2.1", "eve@evil.example", "eve@evil.example", "Win", reason, "550 no",
    )  # fmt: skip
