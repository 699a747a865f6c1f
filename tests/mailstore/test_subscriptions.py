from datetime import timedelta
from typing import Any

import pytest
from time_machine import Traveller

from mailstore import subscriptions
from mailstore.domains import Domain
from mailstore.errors import BadAddress, BadName, NotFound
from mailstore.mailboxes import Mailbox
from mailstore.periods import Every
from mailstore.store import Store
from mailstore.subscriptions import Kind, Subscription, Wish
from mailstore.tenants import Tenant
from tests.databases import on_sqlite
from tests.factories import NOON, RecordedJobs, a_mailbox
from tests.mailstore.holding import lines

pytestmark = pytest.mark.usefixtures("clock")

OUTSIDE = "trust@there.example"


def add(store: Store, mailbox: Mailbox, address: str = OUTSIDE, **wish: Any) -> Subscription:
    wanted = Wish(**{"kind": Kind.STATISTICS, "address": address} | wish)
    with store.write() as db:
        return subscriptions.add(db, db.get_one(Tenant, mailbox.tenant_id), wanted, by="beat")


@on_sqlite
@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"address": "none"}, BadAddress),
        ({"address": "a@b.example\r\nBcc: c@d.example"}, BadAddress),
        ({"address": "nobody@muster.example"}, BadName),
        ({"at": "25:00"}, BadName),
        ({"at": "07:00,08:00"}, BadName),
        ({"language": "xx"}, BadName),
        ({"domain_ids": [999]}, NotFound),
    ],
)
def test_a_report_that_cannot_come_is_refused(
    store: Store, anna: Mailbox, wish: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        add(store, anna, **wish)


def test_a_report_of_domains_of_others_is_refused(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        theirs = a_mailbox(db, "eve@elsewhere.example").domain_id
    with pytest.raises(NotFound):
        add(store, anna, domain_ids=[anna.domain_id, theirs])


def test_a_tenant_has_a_bounded_number_of_reports(
    store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "MOST", 1)
    add(store, anna)
    with pytest.raises(BadName):
        add(store, anna)


@on_sqlite
@pytest.mark.parametrize(
    ("address", "detailed", "tells", "confirmed"),
    [
        (OUTSIDE, False, False, 0),
        (OUTSIDE, True, True, 1),
        ("anna@muster.example", False, True, 0),
        ("anna@muster.example", True, True, 0),
    ],
    ids=["outside", "outside, confirmed", "own", "own, confirmed for nothing"],
)
def test_only_who_may_know_is_told_of_people(
    store: Store, anna: Mailbox, address: str, detailed: bool, tells: bool, confirmed: int
) -> None:
    made = add(store, anna, address, detailed=detailed)
    with store.read() as db:
        assert subscriptions.tells_of_people(db, made) is tells
    assert len(lines(store, "report_details_confirmed")) == confirmed
    assert len(lines(store, "report_subscribed")) == 1


def test_an_address_that_is_not_the_tenants_any_more_is_told_of_nobody(
    store: Store, anna: Mailbox
) -> None:
    made = add(store, anna, "anna@muster.example", detailed=True)
    with store.write() as db:
        other = a_mailbox(db, "eve@elsewhere.example")
        db.get_one(Domain, anna.domain_id).tenant_id = other.tenant_id
        db.get_one(Mailbox, anna.id).tenant_id = other.tenant_id
    with store.read() as db:
        assert not subscriptions.tells_of_people(db, made)


def test_a_due_report_is_taken_once_and_missed_ones_are_caught_up_in_one(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    made = add(store, anna, period=Every.DAILY)
    assert made.due_at == NOON + timedelta(hours=18)
    clock.shift(timedelta(days=3))
    with store.write() as db:
        assert subscriptions.due(db, NOON + timedelta(days=3)) == [made.id]
        tenant = db.get_one(Tenant, anna.tenant_id)
        assert [subscriptions.take(db, made, tenant) for _ in range(2)] == [True, False]
        assert subscriptions.due(db, NOON + timedelta(days=3)) == []
        assert db.get_one(Subscription, made.id).due_at == NOON + timedelta(days=3, hours=18)


def test_a_report_can_be_sent_at_once_and_comes_at_its_time_all_the_same(
    store: Store, anna: Mailbox, jobs: RecordedJobs
) -> None:
    made = add(store, anna, period=Every.DAILY)
    with store.write() as db:
        assert subscriptions.send_now(db, anna.tenant_id, made.id, by="beat")
    assert jobs.asked == [("send_subscription", made.id)]
    with store.read() as db:
        assert subscriptions.due(db, NOON) == [made.id]


def test_reports_of_other_tenants_are_not_there(store: Store, anna: Mailbox) -> None:
    made = add(store, anna)
    with store.write() as db:
        other = a_mailbox(db, "eve@elsewhere.example").tenant_id
        assert subscriptions.of_tenant(db, other) == []
        assert not subscriptions.remove(db, other, made.id, by="eve")
        assert not subscriptions.send_now(db, other, made.id, by="eve")
        assert subscriptions.remove(db, anna.tenant_id, made.id, by="beat")
        assert not subscriptions.remove(db, anna.tenant_id, made.id, by="beat")
