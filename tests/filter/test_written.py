from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from time_machine import Traveller

from filter import ledger, reply, sweep
from filter.outgoing import Outgoing, Turned
from filter.rules import eicar
from filter.worker import JOBS
from filter.written import MOST_TRIES, send_written
from mailstore import accounts, clock, recording, roles
from mailstore.accounts import Account
from mailstore.deliveries import Delivery, Direction, State
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.packs import Pack
from mailstore.store import Store
from mailstore.writing import departures
from mailstore.writing.departures import Why
from mailstore.writing.rows import Draft, DraftState
from tests.databases import on_sqlite
from tests.factories import ANNA, BEAT, RecordedJobs, a_mailbox, an_account
from tests.filter.relay import CARLA
from tests.mailstore.sending.senders import block, of_mailbox

MAIL = (
    b"From: anna@muster.example\r\nTo: dora@there.example\r\nSubject: Offer\r\n"
    b"Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@muster.example>\r\n\r\nHello\r\n"
)
DORA = "dora@there.example"


@pytest.fixture
def account(store: Store) -> Account:
    with store.write() as db:
        mine = a_mailbox(db)
        for address in (BEAT, CARLA):
            a_mailbox(db, address)
        return an_account(db, mine)


def a_draft(
    store: Store, account: Account, *to: str, raw: bytes = MAIL, sender: str = ANNA, **values: Any
) -> Draft:
    """Return a mail whose moment to be undone is over."""
    day = clock.today() + timedelta(days=7)
    sealed = store.seal(account.tenant_id or 0, day, [raw])
    (place,) = store.packs.append([sealed.slice])
    with store.write() as db:
        db.add(Pack(name=place.pack, day=day))
        db.flush()
        draft = Draft(
            tenant_id=account.tenant_id, mailbox_id=_mailbox(db), account_id=account.id,
            content=b"",
            state=DraftState.SENDING, content_sha256="", day=day, saved_at=clock.now(),
            public_id="0123456789abcdef", sender=sender, recipients=list(to or (DORA,)),
            sent_day=day, pack=place.pack, offset=place.offset, length=place.length,
            size=sealed.size, sha256=sealed.sha256, send_at=clock.now(), **values,
        )  # fmt: skip
        db.add(draft)
    return draft


def _mailbox(db: Any) -> int:
    found = accounts.scope_of(db, accounts.named(db, ANNA)).mailbox_ids
    return min(found or {0})


def drafts(store: Store) -> list[Draft]:
    with store.read() as db:
        return list(db.scalars(select(Draft)))


def sent(store: Store) -> list[Delivery]:
    with store.read() as db:
        return list(db.scalars(select(Delivery).order_by(Delivery.id)))


def messages(store: Store) -> list[Message]:
    with store.read() as db:
        return list(db.scalars(select(Message).order_by(Message.id)))


def test_a_written_mail_is_recorded_where_it_lies_and_its_draft_is_gone(
    store: Store, account: Account
) -> None:
    draft = a_draft(store, account, DORA, BEAT)
    send_written(store)
    (message,) = messages(store)
    assert (message.public_id, message.writer_id) == (draft.public_id, draft.mailbox_id)
    assert (message.place, message.is_ours) == (draft.place, False)
    assert b"".join(store.content(message)) == MAIL
    assert message.headers.startswith("Received: from webmail\r\n\tby mx.mailhafen.test")
    assert [(each.recipient, each.direction, each.state) for each in sent(store)] == [
        (DORA, Direction.OUT, State.QUEUED), (BEAT, Direction.IN, State.QUEUED),
    ]  # fmt: skip
    assert drafts(store) == []


def test_another_tenant_gets_bytes_of_its_own(store: Store, account: Account) -> None:
    a_draft(store, account, CARLA, "nobody@hafenbau.example")
    send_written(store)
    mine, theirs = messages(store)
    assert mine.place != theirs.place
    assert b"".join(store.content(theirs)) == MAIL
    assert [(each.state, each.reply) for each in sent(store)] == [
        (State.DELIVERED, reply.HANDED_OVER),
        (State.FAILED, reply.UNKNOWN_MAILBOX),
        (State.QUEUED, ""),
    ]


def test_a_worker_that_dies_before_the_rows_leaves_the_mail_to_the_next(
    store: Store, account: Account, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_draft(store, account, DORA, CARLA)
    with monkeypatch.context() as patch:
        patch.setattr(recording, "record", _die)
        with pytest.raises(ZeroDivisionError):
            send_written(store)
    assert (len(drafts(store)), messages(store)) == (1, [])
    send_written(store)
    assert messages(store) == [], "it is still somebody else's"
    clock.shift(ledger.LEASE + timedelta(seconds=1))
    send_written(store)
    assert (drafts(store), len(messages(store)), len(sent(store))) == ([], 2, 3)


def _die(*_: object) -> None:
    raise ZeroDivisionError


def test_a_worker_that_comes_late_sends_nothing_twice(
    store: Store, account: Account, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_draft(store, account, DORA, CARLA)
    gone = departures.gone

    def late(db: Any, draft: Draft) -> bool:
        """Take the lease away before the first worker comes to its end."""
        draft.fence -= 1
        return gone(db, draft)

    with monkeypatch.context() as patch:
        patch.setattr(departures, "gone", late)
        send_written(store)
    assert messages(store) == []
    clock.shift(ledger.LEASE + timedelta(seconds=1))
    send_written(store)
    send_written(store)
    assert (drafts(store), len(messages(store))) == ([], 2)


def refused(store: Store) -> tuple[str, str]:
    """Return state and error of the only draft; nothing was recorded."""
    assert messages(store) == []
    (draft,) = drafts(store)
    return draft.state, draft.error


@pytest.mark.parametrize(
    "values",
    [{"sender": BEAT}, {"raw": MAIL.replace(b"anna@", b"beat@")}],
    ids=["sender", "author"],
)
def test_mail_as_somebody_else_is_given_back(
    store: Store, account: Account, values: dict[str, Any]
) -> None:
    a_draft(store, account, **values)
    send_written(store)
    state, error = refused(store)
    assert (state, error.partition(":")[0]) == (DraftState.WRITING, Why.NOT_YOURS)


def test_whose_account_is_off_sends_nothing_any_more(store: Store, account: Account) -> None:
    a_draft(store, account)
    with store.write() as db:
        roles.set_active(db, account, on=False, by="test")
    send_written(store)
    assert refused(store) == (DraftState.WRITING, Why.NOT_YOURS)


def test_mail_for_nobody_is_given_back(store: Store, account: Account) -> None:
    a_draft(store, account, "no address")
    send_written(store)
    assert refused(store) == (DraftState.WRITING, Why.NOBODY)


def test_whoever_is_blocked_reads_why(store: Store, account: Account) -> None:
    with store.read() as db:
        mailbox = db.get_one(Mailbox, _mailbox(db))
    block(store, of_mailbox(mailbox))
    a_draft(store, account)
    send_written(store)
    state, error = refused(store)
    assert (state, error.partition(" Violation: ")[0]) == (
        DraftState.WRITING, "blocked:550 5.7.1 Bulk Policy"
    )  # fmt: skip


def test_what_is_damaged_is_given_back(store: Store, account: Account) -> None:
    draft = a_draft(store, account)
    with store.write() as db:
        db.get_one(Draft, draft.id).sha256 = "0" * 64
    send_written(store)
    assert refused(store) == (DraftState.WRITING, Why.LOST)


def test_a_virus_is_held_and_its_draft_is_gone(store: Store, account: Account) -> None:
    a_draft(store, account, raw=MAIL + eicar.TEST_STRING + b"\r\n")
    send_written(store)
    (held,) = sent(store)
    assert (held.state, held.mailbox_id, drafts(store)) == (State.QUARANTINED, None, [])


@on_sqlite
def test_what_no_scanner_looks_at_waits_or_is_given_back(
    store: Store, account: Account, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned = Turned(reply.NOT_SCANNED, Why.NOT_SCANNED)

    async def silent(*_: object) -> Turned:
        return turned

    monkeypatch.setattr(Outgoing, "decide", silent)
    draft = a_draft(store, account)
    send_written(store)
    assert refused(store) == (DraftState.SENDING, Why.NOT_SCANNED)
    with store.write() as db:
        db.get_one(Draft, draft.id).attempts = MOST_TRIES
    clock.shift(timedelta(minutes=1))
    send_written(store)
    assert refused(store) == (DraftState.WRITING, Why.NOT_SCANNED)
    with store.read() as db:
        kinds = db.scalars(select(Event.kind).order_by(Event.id)).all()
    assert kinds[-2:] == ["sending_put_off", "sending_refused"]


def test_the_sweep_asks_for_what_is_due(store: Store, account: Account, jobs: RecordedJobs) -> None:
    sweep.sweep(store, jobs)
    assert (departures.JOB,) not in jobs.asked
    a_draft(store, account)
    sweep.sweep(store, jobs)
    assert (departures.JOB,) in jobs.asked
    assert departures.JOB in {each.__name__ for each in JOBS}
