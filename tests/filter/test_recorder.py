import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from filter import recorder as recorder_module
from filter.recorder import MOST_TOGETHER, Batch, Recorder
from mailstore import clock, recording
from mailstore.envelopes import Recipient
from mailstore.messages import Message
from mailstore.recording import Accepted
from mailstore.refusals import Refusal, Refused
from mailstore.store import Store
from tests.databases import on_postgresql, on_sqlite
from tests.factories import ANNA, RAW, a_mailbox, a_verdict, accepted_by, the_recipient
from tests.filter.relay import CountingPacks
from tests.filter.rows import nobody_records


@pytest.fixture
def anna(store: Store) -> Recipient:
    with store.write() as db:
        a_mailbox(db)
        return the_recipient(db)


@pytest.fixture
def packs(store: Store) -> CountingPacks:
    store.packs = counting = CountingPacks(store.packs)
    return counting


def mails(store: Store, recipient: Recipient, count: int) -> list[Accepted]:
    return [accepted_by(store, [a_verdict(recipient)]) for _ in range(count)]


def stored(store: Store) -> list[str]:
    with store.read() as db:
        return list(db.scalars(select(Message.public_id).order_by(Message.id)))


def record(store: Store, accepted: Sequence[Accepted], *, held_up: bool = False) -> list[Any]:
    """Record each in a batch of its own, all at once, and return what became of each."""

    async def run() -> list[Any]:
        recorder = Recorder(store)
        waiting = [asyncio.ensure_future(recorder.record(Batch([each]))) for each in accepted]
        if held_up:
            with nobody_records(store):
                await asyncio.sleep(0.1)
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        recorder.close()
        return outcomes

    return asyncio.run(run())


def test_a_recorded_mail_can_be_read(store: Store, anna: Recipient) -> None:
    (mail,) = mails(store, anna, 1)
    assert record(store, [mail]) == [None]
    with store.read() as db:
        message = db.scalars(select(Message)).one()
    assert message.public_id == mail.public_id
    assert b"".join(store.content(message)) == RAW


def test_many_at_once_are_written_together(
    store: Store, anna: Recipient, packs: CountingPacks
) -> None:
    arrived = mails(store, anna, 100)
    assert record(store, arrived, held_up=True) == [None] * 100
    assert sum(packs.appended) == 100
    assert len(packs.appended) <= 3
    assert stored(store) == [each.public_id for each in arrived]


def test_not_more_are_written_together_than_a_transaction_bears(
    store: Store, anna: Recipient, packs: CountingPacks
) -> None:
    record(store, mails(store, anna, MOST_TOGETHER + 50), held_up=True)
    assert max(packs.appended) <= MOST_TOGETHER


def test_a_batch_that_fails_does_not_take_the_others_with_it(store: Store, anna: Recipient) -> None:
    *good, last = mails(store, anna, 8)
    lost = replace(last, verdicts=(a_verdict(replace(anna, mailbox_id=999)),))
    outcomes = record(store, [*good[:4], lost, *good[4:]], held_up=True)
    assert [type(each) for each in outcomes] == [type(None)] * 4 + [IntegrityError] + [
        type(None)
    ] * 3
    assert stored(store) == [each.public_id for each in good]


@on_postgresql
def test_a_database_that_goes_away_is_not_asked_again_for_each_mail(
    store: Store, anna: Recipient, packs: CountingPacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(db: Session, *_: object) -> None:
        db.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with monkeypatch.context() as patch:
        patch.setattr(recording, "record", gone)
        outcomes = record(store, mails(store, anna, 8), held_up=True)
    assert {type(each) for each in outcomes} == {OperationalError}
    assert len(packs.appended) <= 2
    assert stored(store) == []
    (after,) = record(store, mails(store, anna, 1))
    assert after is None


def test_a_mail_whose_client_went_away_is_stored_all_the_same(
    store: Store, anna: Recipient
) -> None:
    (mail,) = mails(store, anna, 1)

    async def run() -> None:
        recorder = Recorder(store)
        with nobody_records(store):
            waiting = asyncio.ensure_future(recorder.record(Batch([mail])))
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.wait([waiting])
        recorder.close()
        assert waiting.cancelled()

    asyncio.run(run())
    assert stored(store) == [mail.public_id]


def test_storage_that_fails_promises_nothing_and_ends_the_process(
    store: Store, anna: Recipient, packs: CountingPacks
) -> None:
    packs.error = OSError(5, "Input/output error")

    async def run(recorder: Recorder) -> None:
        batches = [recorder.record(Batch([each])) for each in mails(store, anna, 3)]
        outcomes = await asyncio.gather(*batches, return_exceptions=True)
        assert all(isinstance(each, OSError) for each in outcomes)
        async with asyncio.timeout(1):
            await recorder.broken.wait()

    with_recorder(store, run)
    assert stored(store) == []


def test_a_full_disk_promises_nothing_and_heals(
    store: Store, anna: Recipient, packs: CountingPacks
) -> None:
    packs.error = OSError(28, "No space left on device")

    async def run(recorder: Recorder) -> None:
        (mail,) = mails(store, anna, 1)
        with pytest.raises(OSError, match="No space"):
            await recorder.record(Batch([mail]))
        packs.error = None
        await recorder.record(Batch([mail]))
        assert not recorder.broken.is_set()

    with_recorder(store, run)
    assert len(stored(store)) == 1


@on_sqlite
def test_what_cannot_begin_in_time_is_withdrawn_and_never_written(
    store: Store, anna: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "LONGEST_WAIT", 0.1)
    late, kept = mails(store, anna, 2)

    async def run(recorder: Recorder) -> None:
        with nobody_records(store), pytest.raises(TimeoutError):
            await recorder.record(Batch([late]))
        await recorder.record(Batch([kept]))

    with_recorder(store, run)
    assert stored(store) == [kept.public_id]


@on_sqlite
def test_a_key_that_cannot_be_made_in_time_is_not_waited_for(
    store: Store, anna: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "LONGEST_WAIT", 0.1)
    day = clock.now().date() + timedelta(days=9)

    async def run(recorder: Recorder) -> None:
        with nobody_records(store), pytest.raises(TimeoutError):
            await recorder.make_key(anna.tenant_id, day)
        await recorder.make_key(anna.tenant_id, day)
        assert store.ring.known(anna.tenant_id, day)

    with_recorder(store, run)


@on_postgresql
def test_what_waits_too_long_for_another_writer_is_never_written(
    store: Store, anna: Recipient
) -> None:
    late, kept = mails(store, anna, 2)
    url = f"{store.settings.rows_url}&options=-c%20lock_timeout=100"
    hasty = Store(store.settings.model_copy(update={"database_url": url}))

    async def run(recorder: Recorder) -> None:
        with nobody_records(store), pytest.raises(OperationalError, match="lock timeout"):
            await recorder.record(Batch([late]))
        await recorder.record(Batch([kept]))

    with_recorder(hasty, run)
    hasty.close()
    assert stored(store) == [kept.public_id]


def test_a_bug_does_not_end_the_process(
    store: Store, anna: Recipient, packs: CountingPacks
) -> None:
    packs.error = KeyError("x")

    async def run(recorder: Recorder) -> None:
        (mail,) = mails(store, anna, 1)
        with pytest.raises(KeyError):
            await recorder.record(Batch([mail]))
        packs.error = None
        await recorder.record(Batch([mail]))
        assert not recorder.broken.is_set()

    with_recorder(store, run)
    assert len(stored(store)) == 1


def test_a_refused_mail_leaves_a_line_and_no_bytes(
    store: Store, anna: Recipient, packs: CountingPacks
) -> None:
    assert anna.mailbox_id is not None
    refused = Refused(
        clock.now(), anna.tenant_id, anna.domain_id, anna.mailbox_id, ANNA,
        "192.0.2.7", "eve@evil.example", "eve@evil.example", "Hi", "score", "550 5.7.1 no",
    )  # fmt: skip

    async def run(recorder: Recorder) -> None:
        await recorder.record(Batch(refused=[refused, refused]))

    with_recorder(store, run)
    with store.read() as db:
        assert db.scalar(select(func.count()).select_from(Refusal)) == 2
    assert stored(store) == []


def test_closing_writes_what_waits(store: Store, anna: Recipient) -> None:
    arrived = mails(store, anna, 20)

    async def run() -> None:
        recorder = Recorder(store)
        waiting = [asyncio.ensure_future(recorder.record(Batch([each]))) for each in arrived]
        await asyncio.sleep(0)
        recorder.close()
        await asyncio.gather(*waiting)

    asyncio.run(run())
    assert len(stored(store)) == 20


def with_recorder(store: Store, case: Any) -> None:
    async def run() -> None:
        recorder = Recorder(store)
        await case(recorder)
        recorder.close()

    coroutine: Coroutine[Any, Any, None] = run()
    asyncio.run(coroutine)
