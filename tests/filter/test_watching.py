from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from time_machine import Traveller

from filter import watching
from mailstore import claims, overdue, scanners
from mailstore import clock as clocks
from mailstore.deliveries import Delivery, Outcome, Result, State
from mailstore.incidents import Incident, IncidentKind
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox
from mailstore.notices import Notice, spread_notices
from mailstore.retries import Retries
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import NOON, RecordedJobs, a_held_delivery, a_mailbox, an_accepted
from tests.filter import certificates

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

pytestmark = pytest.mark.usefixtures("clock")

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=each) for each in (1, 60, 3600, 86400))
LATER = Outcome(Result.TRY_LATER, "451 4.3.0 later")
JUMPS = {"set on by ten days": 10 * DAY, "no worker": 2 * HOUR, "set back by ten days": -10 * DAY}
Certify = Callable[[timedelta], None]


@pytest.fixture
def queued(store: Store) -> Delivery:
    with store.write() as db:
        mailbox = a_mailbox(db)
    return an_accepted(store, mailbox)


@pytest.fixture
def certify(store: Store, tmp_path: Path) -> Certify:
    """Return what gives the relay a certificate that ends after so long."""

    def put(left: timedelta) -> None:
        made = certificates.made(expires_at=clocks.now() + left)
        path, _ = certificates.write(tmp_path, *made)
        set_to(store, tls_cert=path)

    return put


def set_to(store: Store, **values: object) -> None:
    store.settings = store.settings.model_copy(update=values)


def looked(store: Store) -> list[tuple[IncidentKind, bool]]:
    """Look a few times, and return all incidents that there are: their kinds, and if they go on."""
    for _ in range(3):
        watching.look(store)
    with store.read() as db:
        found = db.scalars(select(Incident).order_by(Incident.id))
        return [(each.kind, each.ended_at is None) for each in found]


def newest(store: Store) -> Incident:
    with store.read() as db:
        return db.scalars(select(Incident).order_by(Incident.id.desc()).limit(1)).one()


def row(store: Store, delivery: Delivery) -> Delivery:
    with store.read() as db:
        return db.get_one(Delivery, delivery.id)


def minutes(store: Store, clock: Traveller, count: int) -> None:
    """Let so many minutes go by in which a worker looks now and then, and at their end."""
    for wait in [10] * (count // 10) + [1] * (count % 10):
        clock.shift(wait * MINUTE)
        watching.look(store)


def test_where_all_is_well_there_is_no_incident(store: Store, queued: Delivery) -> None:
    assert looked(store) == []


@on_sqlite
def test_a_full_disk_is_an_incident_until_there_is_room(store: Store) -> None:
    set_to(store, min_free_bytes=2**62)
    assert looked(store) == [(IncidentKind.DISK, True)]
    assert newest(store).subject == str(store.settings.data_dir)
    assert newest(store).detail.endswith(" MiB free")
    set_to(store, min_free_bytes=0)
    assert looked(store) == [(IncidentKind.DISK, False)]


@on_sqlite
@pytest.mark.parametrize(
    ("left", "ends"),
    [(14 * DAY + MINUTE, False), (14 * DAY, True), (MINUTE, True), (-HOUR, True)],
    ids=["fifteen days", "fourteen days", "a minute", "over"],
)
def test_a_certificate_that_ends_within_fourteen_days_is_an_incident_until_it_is_renewed(
    store: Store, certify: Certify, left: timedelta, ends: bool
) -> None:
    certify(left)
    assert looked(store) == [(IncidentKind.CERTIFICATE, True)] * ends
    certify(90 * DAY)
    assert looked(store) == [(IncidentKind.CERTIFICATE, False)] * ends


@on_sqlite
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nx\n"],
                         ids=["missing", "empty", "broken"])  # fmt: skip
def test_a_certificate_that_cannot_be_read_is_an_incident(
    store: Store, certify: Certify, tmp_path: Path, content: bytes | None
) -> None:
    certify(90 * DAY)
    path = tmp_path / "chain.pem"
    path.unlink() if content is None else path.write_bytes(content)
    assert looked(store) == [(IncidentKind.CERTIFICATE, True)]
    assert (newest(store).subject, newest(store).detail) == (str(path), "it cannot be read")
    certify(90 * DAY)
    assert looked(store) == [(IncidentKind.CERTIFICATE, False)]


@on_sqlite
def test_each_silent_scanner_is_an_incident_until_it_answers(store: Store) -> None:
    for name in ("clamav", "rspamd"):
        note(store, name, "connection refused")
    assert looked(store) == [(IncidentKind.SCANNER, True)] * 2
    assert newest(store).detail == "connection refused"
    note(store, "clamav", None)
    assert sorted(looked(store)) == [(IncidentKind.SCANNER, False), (IncidentKind.SCANNER, True)]


def note(store: Store, name: str, why: str | None) -> None:
    with store.write() as db:
        scanners.note(db, name, why)


def test_mail_that_is_due_for_more_than_an_hour_is_an_incident_until_it_goes(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    minutes(store, clock, 60)
    assert looked(store) == []
    minutes(store, clock, 1)
    assert looked(store) == [(IncidentKind.QUEUE, True)]
    assert newest(store).detail.startswith("1 mails")
    with store.write() as db:
        db.execute(update(Delivery).values(state=State.DELIVERED))
    assert looked(store) == [(IncidentKind.QUEUE, False)]


@on_sqlite
@pytest.mark.parametrize("why", ["silent hop", "deferred", "held"])
def test_mail_that_has_to_wait_is_no_incident(
    store: Store, queued: Delivery, clock: Traveller, why: str
) -> None:
    with store.write() as db:
        if why == "silent hop":
            db.execute(update(Lane).values(failing_since=NOON))
        if why == "deferred":
            db.execute(update(Delivery).values(next_attempt_at=NOON + HOUR))
        if why == "held":
            db.execute(update(Delivery).values(state=State.QUARANTINED))
    minutes(store, clock, 62)
    assert looked(store) == []


@pytest.mark.parametrize("gap", JUMPS.values(), ids=JUMPS)
def test_a_jump_of_the_clock_is_one_incident_for_an_hour(
    store: Store, clock: Traveller, gap: timedelta
) -> None:
    watching.look(store)
    clock.shift(gap)
    assert looked(store) == [(IncidentKind.CLOCK, True)]
    minutes(store, clock, 59)
    assert looked(store) == [(IncidentKind.CLOCK, True)]
    minutes(store, clock, 1)
    assert looked(store) == [(IncidentKind.CLOCK, False)]


@pytest.mark.parametrize("gap", JUMPS.values(), ids=JUMPS)
def test_within_an_hour_of_a_jump_no_mail_fails_and_nobody_is_told_that_it_is_late(
    store: Store, queued: Delivery, clock: Traveller, jobs: RecordedJobs, gap: timedelta
) -> None:
    watching.look(store)
    clock.shift(gap)
    for wait in (0, 30, 29):
        minutes(store, clock, wait)
        deferred(store, queued)
    assert (row(store, queued).state, row(store, queued).dsn_at) == (State.QUEUED, None)
    assert overdue.BOUNCE not in {name for name, *_ in jobs.asked}


def deferred(store: Store, queued: Delivery) -> None:
    """Let the next hop put a mail off once more."""
    retries = Retries.of(store.settings)
    with store.write() as db:
        db.get_one(Delivery, queued.id).next_attempt_at = clocks.now()
    with store.write() as db:
        (claimed,) = claims.claim(db, queued.lane_id, limit=1, lease=MINUTE, retries=retries)
        assert claims.finish(db, claimed, LATER, retries)


@on_sqlite
@pytest.mark.parametrize(
    ("gap", "state"),
    [(10 * DAY, State.QUEUED), (40 * DAY, State.FAILED)],
    ids=["late", "given up"],
)
def test_an_hour_after_a_jump_things_go_on(
    store: Store, queued: Delivery, clock: Traveller, gap: timedelta, state: State
) -> None:
    watching.look(store)
    clock.shift(gap)
    watching.look(store)
    minutes(store, clock, 59)
    assert row(store, queued).dsn_at is None
    minutes(store, clock, 1)
    assert (row(store, queued).state, row(store, queued).dsn_at) == (state, clocks.now())


def test_the_operator_is_told_of_a_jump(store: Store, clock: Traveller) -> None:
    set_to(store, operator_address="root@operator.example")
    watching.look(store)
    clock.shift(10 * DAY)
    watching.look(store)
    spread_notices(store, newest(store).id)
    with store.read() as db:
        (notice,) = db.scalars(select(Notice))
    assert notice.target == "root@operator.example"


@on_sqlite
def test_a_look_finds_mail_that_waits_for_four_hours(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    with store.read() as db:
        anna = db.get_one(Mailbox, queued.mailbox_id)
    held = a_held_delivery(store, anna)
    minutes(store, clock, 239)
    assert not row(store, queued).delay_told
    minutes(store, clock, 1)
    assert row(store, queued).delay_told
    assert not row(store, held).delay_told
