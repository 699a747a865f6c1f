from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from time_machine import Traveller

from mailstore import checking, claims, lanes
from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.packs import Slice
from mailstore.retention import expire
from mailstore.retries import Retries
from mailstore.routes import Route
from mailstore.store import Store
from tests.factories import NOON, a_held_delivery, an_accepted

DAY = timedelta(days=1)


@pytest.fixture
def queued(store: Store, anna: Mailbox) -> Delivery:
    return an_accepted(store, anna)


def findings(store: Store) -> list[str]:
    return list(checking.findings(store))


def pack_of(store: Store, delivery: Delivery) -> Path:
    (found,) = store.settings.data_dir.glob(f"packs/*/{delivery.message.pack}.pack")
    return found


def test_a_clean_store_has_no_findings(store: Store, anna: Mailbox, clock: Traveller) -> None:
    for _ in range(3):
        an_accepted(store, anna)
        a_held_delivery(store, anna)
        assert findings(store) == []
        clock.shift(10 * DAY)
        expire(store)
    assert findings(store) == []


def test_a_flipped_byte_is_found(store: Store, anna: Mailbox, queued: Delivery) -> None:
    an_accepted(store, anna)
    pack = pack_of(store, queued)
    data = bytearray(pack.read_bytes())
    data[queued.message.offset + queued.message.length // 2] ^= 1
    pack.write_bytes(data)
    assert [line.split(":")[0] for line in findings(store)] == [f"message {queued.message_id}"]


def test_a_missing_pack_is_found(store: Store, queued: Delivery) -> None:
    pack_of(store, queued).unlink()
    assert findings(store) == [
        f"message {queued.message_id}: pack {queued.message.pack} is gone"
    ]  # fmt: skip


def test_a_truncated_pack_is_found(store: Store, queued: Delivery) -> None:
    pack = pack_of(store, queued)
    pack.write_bytes(pack.read_bytes()[:-1])
    assert findings(store) == [f"message {queued.message_id}: the slice ends early"]


def test_waiting_mail_without_content_is_found(store: Store, queued: Delivery) -> None:
    with store.write() as db:
        db.execute(update(Message).values(pack=None))
    assert [line.split(":")[0] for line in findings(store)] == [f"message {queued.message_id}"]


def test_a_forgotten_pack_is_found_once_its_day_is_long_past(
    store: Store, clock: Traveller
) -> None:
    (place,) = store.packs.append([Slice(NOON.date(), b"nobody's")])
    clock.shift(7 * DAY)
    assert findings(store) == []
    clock.shift(DAY)
    assert [line.split(":")[0] for line in findings(store)] == [f"pack {place.pack}"]


def test_a_lane_that_hangs_is_found(store: Store, clock: Traveller) -> None:
    with store.write() as db:
        lane_id = lanes.lane_to(db, Route.parse("mail.muster.example:25"))
        lanes.claim(db, lane_id, lease=timedelta(minutes=5))
    assert findings(store) == []
    clock.shift(8 * DAY)
    assert findings(store) == [f"lane {lane_id}: claimed long beyond its lease"]


def test_a_claimed_mail_that_nobody_takes_over_is_found(
    clock: Traveller, store: Store, queued: Delivery
) -> None:
    lease, retries = timedelta(minutes=5), Retries(timedelta(minutes=5), DAY, DAY)
    with store.write() as db:
        claims.claim(db, queued.lane_id, limit=1, lease=lease, retries=retries)
    clock.shift(timedelta(minutes=30))
    assert findings(store) == []
    clock.shift(timedelta(hours=1))
    assert findings(store) == [f"delivery {queued.id}: due again, and nobody takes it over"]


def test_more_mail_than_a_batch_is_walked(
    store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "BATCH", 2)
    last = [an_accepted(store, anna) for _ in range(5)][-1]
    with store.write() as db:
        db.execute(update(Message).where(Message.id == last.message_id).values(sha256="0" * 64))
    assert [line.split(":")[0] for line in findings(store)] == [f"message {last.message_id}"]
