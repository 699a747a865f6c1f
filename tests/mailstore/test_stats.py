from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert
from time_machine import Traveller

from mailstore import claims, figures, incidents, overview, stats
from mailstore.addresses import Address
from mailstore.deliveries import Outcome, Result
from mailstore.domains import Domain
from mailstore.envelopes import MailClass, Summary
from mailstore.errors import NotFound
from mailstore.figures import Figure
from mailstore.incidents import IncidentKind
from mailstore.mailboxes import Mailbox
from mailstore.periods import Period
from mailstore.retries import Retries
from mailstore.stats import Choice, Statistics
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import LEASE, NOON, RAW, a_held_delivery, a_mailbox, an_accepted

pytestmark = pytest.mark.usefixtures("clock")

ZURICH = ZoneInfo("Europe/Zurich")
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
TODAY = Period(NOON.date(), NOON.date(), ZURICH)
FIRST = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture
def beat(store: Store, anna: Mailbox) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db, "beat@muster.example", name="Beat")


def choice(store: Store, mailbox: Mailbox) -> Choice:
    with store.read() as db:
        return stats.choose(db, mailbox.tenant_id)


def counted(store: Store, mailbox: Mailbox, period: Period = TODAY) -> Statistics:
    with store.read() as db:
        return stats.of(db, choice(store, mailbox), period)


def arrives(store: Store, mailbox: Mailbox, clock: Traveller, after: timedelta) -> None:
    """Let a mail be taken by its server so long after it was queued."""
    came = an_accepted(store, mailbox)
    clock.shift(after)
    with store.write() as db:
        retries = Retries.of(store.settings)
        (claimed,) = claims.claim(db, came.lane_id, limit=9, lease=LEASE, retries=retries)
        assert claims.finish(db, claimed, Outcome(Result.SENT, "250 ok"), retries)
        clock.shift(SECOND)
        assert not claims.finish(db, claimed, Outcome(Result.SENT, "250 ok"), retries)


def test_what_people_get_is_counted_by_class_and_volume(store: Store, anna: Mailbox) -> None:
    an_accepted(store, anna)
    an_accepted(store, anna, mail_class=MailClass.REPORT)
    a_held_delivery(store, anna, mail_class=MailClass.PHISH)
    found = counted(store, anna)
    assert (found.received, found.total("in_clean"), found.total("in_phish")) == (2, 1, 1)
    assert (found.total(figures.HELD), found.total(stats.BYTES_IN)) == (1, 2 * len(RAW))
    assert found.of("in_clean")[13] == 1


@on_sqlite
@pytest.mark.parametrize(
    ("took", "name"),
    [(5, "within_5"), (6, "within_30"), (300, "within_300"), (3600, "within_3600"),
     (3601, "within_more")],
)  # fmt: skip
def test_a_delivery_counts_once_by_how_long_it_took(
    store: Store, anna: Mailbox, clock: Traveller, took: int, name: str
) -> None:
    arrives(store, anna, clock, took * SECOND)
    found = counted(store, anna)
    assert {each: found.total(each) for each in figures.WITHIN.values() if found.total(each)} == {
        name: 1
    }


def test_a_delivery_is_counted(store: Store, anna: Mailbox, clock: Traveller) -> None:
    arrives(store, anna, clock, 7 * SECOND)
    assert counted(store, anna).total("within_30") == 1


def test_a_report_of_ours_is_no_delivery_of_theirs(store: Store, anna: Mailbox) -> None:
    an_accepted(store, anna, mail_class=MailClass.REPORT)
    with store.write() as db:
        retries, lane = Retries.of(store.settings), db.get_one(Domain, anna.domain_id).lane_id
        (claimed,) = claims.claim(db, lane, limit=9, lease=LEASE, retries=retries)
        claims.finish(db, claimed, Outcome(Result.SENT, "250 ok"), retries)
    assert counted(store, anna).series.keys() == {figures.OWN}


@on_sqlite
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 24 * 60), st.sampled_from(["in_clean", "in_spam", "held"]),
                       st.integers(1, 2**40)), max_size=30, unique_by=lambda each: each[:2]),
    st.dates(date(2026, 10, 2), date(2026, 11, 20)),
    st.integers(0, 9),
    st.sampled_from(["Europe/Zurich", "Asia/Kathmandu", "America/St_Johns", "UTC"]).map(ZoneInfo),
)  # fmt: skip
def test_the_series_sum_up_to_what_was_counted(
    store: Store,
    anna: Mailbox,
    rows: list[tuple[int, str, int]],
    first: date,
    more: int,
    zone: ZoneInfo,
) -> None:
    period = Period(first, first + more * DAY, zone)
    made = [(FIRST + hour * HOUR, name, count) for hour, name, count in rows]
    columns = ("hour", "name", "count", "size", "domain_id")
    with store.write() as db:
        db.execute(delete(Figure))
        if made:
            values = [
                dict(zip(columns, (*each, 3 * each[2], anna.domain_id), strict=True))
                for each in made
            ]
            db.execute(insert(Figure), values)
    found = counted(store, anna, period)
    for name in ("in_clean", "in_spam", "held"):
        mine = [(hour, count) for hour, named, count in made if named == name]
        within = [count for hour, count in mine if period.begin <= hour < period.end]
        assert found.total(name) == sum(found.of(name)) == sum(within)
    assert found.total(stats.BYTES_IN) == 3 * found.received


def test_domains_of_others_cannot_be_chosen(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        other = a_mailbox(db, "eve@elsewhere.example")
    with store.read() as db:
        with pytest.raises(NotFound):
            stats.choose(db, anna.tenant_id, [anna.domain_id, other.domain_id])
        assert stats.among(db, anna.tenant_id, [other.domain_id]).ids == []
        assert stats.choose(db, anna.tenant_id).ids == [anna.domain_id]


def test_who_wrote_and_who_got_most_is_told(store: Store, anna: Mailbox, beat: Mailbox) -> None:
    eve = Summary(author=Address("eve", "there.example"))
    for mailbox in (anna, anna, beat):
        an_accepted(store, mailbox)
    an_accepted(store, beat, summary=eve)
    an_accepted(store, beat, summary=eve, at=NOON - DAY)
    an_accepted(store, beat, mail_class=MailClass.REPORT)
    chosen = choice(store, anna)
    with store.read() as db:
        assert stats.senders(db, chosen, TODAY) == [
            ("bob@there.example", 3), ("eve@there.example", 1)
        ]  # fmt: skip
        assert stats.recipients(db, chosen, TODAY) == [(anna.address, 2), (beat.address, 2)]


def test_outages_within_the_days_are_told(store: Store, anna: Mailbox, clock: Traveller) -> None:
    with store.write() as db:
        lane = db.get_one(Domain, anna.domain_id).lane_id
        incidents.begin(db, IncidentKind.OUTAGE, str(lane), "gone", lane_id=lane)
    clock.shift(90 * 60)
    with store.read() as db:
        (found,) = stats.outages(db, choice(store, anna), TODAY)
        before = Period(NOON.date() - DAY, NOON.date() - DAY, ZURICH)
        assert stats.outages(db, choice(store, anna), before) == []
    assert stats.lasted(found, NOON + 90 * 60 * SECOND) == 90


def test_an_overview_says_for_whom_most_is_held(store: Store, anna: Mailbox, beat: Mailbox) -> None:
    a_held_delivery(store, anna, at=NOON - 29 * DAY)
    for mail_class in (MailClass.SPAM, MailClass.PHISH):
        a_held_delivery(store, beat, mail_class=mail_class)
    an_accepted(store, anna)
    with store.read() as db:
        found = overview.of(db, choice(store, anna))
    assert [(each.address, each.held.count, each.held.ending) for each in found.persons] == [
        (beat.address, 2, 0), (anna.address, 1, 1)
    ]  # fmt: skip
    assert (found.people, found.total.count, found.total.ending) == (2, 3, 1)
    assert found.total.oldest == NOON - 29 * DAY
    assert found.total.classes[MailClass.PHISH] == 1
