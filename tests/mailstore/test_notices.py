from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from mailstore import accounts, deadletters, incidents, notices, people
from mailstore import clock as clocks
from mailstore.accounts import Role
from mailstore.incidents import SPREAD, IncidentKind, Told
from mailstore.mailboxes import Right
from mailstore.notices import SEND, WRITE, Audience, Notice, Way, spread_notices
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.databases import on_sqlite
from tests.factories import RecordedJobs
from tests.mailstore import outages
from tests.mailstore.outages import (
    ANNA,
    BEAT,
    CARL,
    FRED,
    HOOK,
    Customers,
    made,
    said_to,
    sent,
    take,
    write,
)

pytestmark = pytest.mark.usefixtures("clock")

BEHIND = {("mail", ANNA), ("mail", BEAT), ("mail", FRED), ("webhook", HOOK)}
OPERATOR = "root@operator.example"


@pytest.fixture
def there(store: Store) -> Customers:
    with store.write() as db:
        return outages.customers(db)


@pytest.fixture
def outage(store: Store, there: Customers) -> int:
    """Return an outage that whoever is concerned has a notice of."""
    incident_id = outages.begins(store, there.lane_id)
    spread_notices(store, incident_id)
    return incident_id


@pytest.fixture
def watched(store: Store) -> Store:
    """Return a store whose operator wants to be told."""
    store.settings = store.settings.model_copy(update={"operator_address": OPERATOR})
    return store


def row(store: Store, notice: Notice) -> Notice:
    with store.read() as db:
        return db.get_one(Notice, notice.id)


def due(store: Store) -> list[tuple[str, int]]:
    with store.read() as db:
        return sorted(notices.due(db, clocks.now()))


def trouble(store: Store, kind: IncidentKind = IncidentKind.DISK, subject: str = "/") -> int:
    with store.write() as db:
        assert incidents.begin(db, kind, subject, "1 MiB free")
        (begun,) = incidents.untold(db)
    spread_notices(store, begun)
    return begun


def test_whoever_is_behind_an_outage_and_left_a_private_address_is_told(
    store: Store, there: Customers, outage: int
) -> None:
    assert said_to(store) == BEHIND
    audiences = {each.target: (each.audience, each.tenant_id) for each in made(store)}
    assert audiences == {
        ANNA: (Audience.PERSON, there.muster), BEAT: (Audience.ADMIN, there.muster),
        FRED: (Audience.PERSON, there.partner), HOOK: (Audience.ADMIN, there.muster),
    }  # fmt: skip


@on_sqlite
def test_a_delegate_and_an_account_that_is_closed_are_not_told(
    store: Store, there: Customers
) -> None:
    with store.write() as db:
        delegate = outages.a_person(db, "gabi@filiale.example", "gabi@private.example")
        outages.grant(db, delegate, "anna@muster.example", Right.DELEGATE)
        closed = outages.a_person(db, "hans@muster.example", "hans@private.example", Role.ADMIN)
        closed.active = False
    spread_notices(store, outages.begins(store, there.lane_id))
    assert said_to(store) == BEHIND


@on_sqlite
def test_an_owner_of_a_second_mailbox_is_told_of_its_outage_too(
    store: Store, there: Customers
) -> None:
    with store.write() as db:
        owner = outages.a_person(db, "gabi@filiale.example", "gabi@private.example")
        outages.grant(db, owner, "anna@muster.example", Right.OWNER)
    spread_notices(store, outages.begins(store, there.lane_id))
    assert said_to(store) == BEHIND | {("mail", "gabi@private.example")}


@on_sqlite
def test_tenants_of_one_next_hop_each_have_their_own_webhook_called(
    store: Store, there: Customers
) -> None:
    with store.write() as db:
        db.get_one(Tenant, there.partner).webhook_url = f"{HOOK}/partner"
    spread_notices(store, outages.begins(store, there.lane_id))
    assert said_to(store) == BEHIND | {("webhook", f"{HOOK}/partner")}


@on_sqlite
def test_notices_are_written_soon(store: Store, outage: int, jobs: RecordedJobs) -> None:
    asked = [each for each in jobs.asked if each[0] == WRITE]
    assert asked == [(WRITE, each.id) for each in made(store)] == due(store)


@on_sqlite
def test_an_outage_that_concerns_nobody_makes_no_notice(store: Store, there: Customers) -> None:
    with store.write() as db:
        db.execute(update(accounts.Account).values(private_address=""))
        db.execute(update(Tenant).values(webhook_url=""))
    spread_notices(store, outages.begins(store, there.lane_id))
    assert made(store) == []


def test_everybody_is_told_once_though_the_job_runs_many_times_and_at_once(
    store: Store, there: Customers
) -> None:
    incident_id = outages.begins(store, there.lane_id)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: spread_notices(store, incident_id), range(12)))
    assert said_to(store) == BEHIND


def test_the_end_is_told_to_exactly_those_that_were_told_the_beginning(
    store: Store, there: Customers, outage: int
) -> None:
    anna, beat, *others = made(store)
    for notice in (anna, *others):
        sent(store, notice)
    with store.write() as db:
        account = accounts.find(db, "carl@muster.example")
        assert account is not None
        people.set_private_address(db, account, CARL, by="carl")
    outages.ends(store, there.lane_id)
    for _ in range(3):
        spread_notices(store, outage)
    assert said_to(store, Told.OVER) == BEHIND - {("mail", BEAT)}
    assert row(store, beat).try_at is None


def test_a_beginning_that_is_being_sent_at_the_end_is_followed_by_it(
    store: Store, there: Customers, outage: int
) -> None:
    anna, *_ = made(store)
    assert take(store, anna)
    write(store, anna)
    taken = take(store, anna, written=True)
    assert taken is not None
    outages.ends(store, there.lane_id)
    spread_notices(store, outage)
    assert said_to(store, Told.OVER) == set()
    with store.write() as db:
        notices.finish(db, taken, "250 ok", sent=True)
    assert said_to(store, Told.OVER) == {("mail", ANNA)}


def test_a_beginning_that_is_written_after_the_end_is_not_sent(
    store: Store, there: Customers, outage: int, jobs: RecordedJobs
) -> None:
    anna, *_ = made(store)
    assert take(store, anna)
    outages.ends(store, there.lane_id)
    spread_notices(store, outage)
    write(store, anna)
    assert due(store) == []
    assert (SEND, anna.id) not in jobs.asked


@pytest.mark.parametrize("kind", sorted(set(IncidentKind) - {IncidentKind.OUTAGE}))
@on_sqlite
def test_of_other_trouble_only_the_operator_is_told(
    watched: Store, there: Customers, kind: IncidentKind
) -> None:
    trouble(watched, kind)
    (notice,) = made(watched)
    assert (notice.way, notice.target, notice.audience) == (Way.MAIL, OPERATOR, Audience.OPERATOR)
    assert (notice.tenant_id, notice.account_id) == (None, None)


@on_sqlite
def test_the_operator_is_told_that_trouble_is_over(watched: Store) -> None:
    begun = trouble(watched)
    sent(watched, made(watched)[0])
    with watched.write() as db:
        incidents.end(db, IncidentKind.DISK, "/")
    spread_notices(watched, begun)
    assert said_to(watched, Told.OVER) == {("mail", OPERATOR)}


@on_sqlite
def test_an_operator_without_an_address_is_not_told(store: Store, jobs: RecordedJobs) -> None:
    begun = trouble(store)
    assert (made(store), jobs.asked) == ([], [(SPREAD, begun)])


@on_sqlite
@pytest.mark.parametrize("name", [WRITE, SEND])
def test_that_notices_cannot_be_sent_is_not_told_by_notices(watched: Store, name: str) -> None:
    for _ in range(deadletters.MOST_TRIES):
        with watched.write() as db:
            deadletters.failed(db, name, [17], "BadAddress: root")
    with watched.read() as db:
        (begun,) = incidents.untold(db)
    spread_notices(watched, begun)
    assert made(watched) == []
