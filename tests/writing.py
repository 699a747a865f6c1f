"""Drafts that tests write and send."""

from datetime import timedelta
from typing import Any

import time_machine
from sqlalchemy.orm import Session

from mailstore import clock
from mailstore.accounts import Account
from mailstore.messages import new_public_id
from mailstore.store import Store
from mailstore.writing import attached, departures, drafts, identities
from mailstore.writing.departures import SECONDS, Departure
from mailstore.writing.drafts import Fields
from mailstore.writing.identities import Identity
from mailstore.writing.rows import Draft, DraftFile
from tests.factories import ANNA

RAW = b"Subject: Plans\r\n\r\nAt noon.\r\n"
TYPED = Fields(ANNA, "bob@there.example", "", "", "Plans", "At noon.\n")


def identity_of(db: Session, account: Account) -> Identity:
    return identities.of(db, account)[0]


def a_draft(store: Store, account: Account, fields: Fields = TYPED) -> Draft:
    """Return a draft that was saved once."""
    with store.read() as db:
        me = identity_of(db, account)
    kept = drafts.sealed(store, me.tenant_id, drafts.first_day(), fields)
    with store.write() as db:
        draft = drafts.begin(db, me, account.id, kept)
        drafts.save(db, draft, 0, me.mailbox_id, kept)
    found: Draft = again(store, draft)
    return found


def again(store: Store, row: Any) -> Any:
    """Return a row as it is by now; None once it is gone."""
    with store.read() as db:
        return db.get(type(row), row.id)


def a_file(
    store: Store, draft: Draft, name: str = "plan.pdf", content: bytes = b"%PDF"
) -> DraftFile:
    stored = attached.put_in_pack(store, draft, iter([content]))
    with store.write() as db:
        return attached.add(db, draft, name, "application/pdf", stored)


def a_departure(store: Store, draft: Draft, raw: bytes, sender: str, *to: str) -> Departure:
    """Return a whole mail of a draft, stored."""
    day = clock.today() + timedelta(days=7)
    sealed = store.seal(draft.tenant_id, day, [raw])
    (place,) = store.packs.append([sealed.slice])
    return Departure(new_public_id(), sender, to, sealed, place)


def leave(
    store: Store,
    draft: Draft,
    raw: bytes = RAW,
    *,
    sender: str = ANNA,
    to: str = "bob@there.example",
) -> Draft:
    """Send a draft; its ten seconds are not over."""
    departure = a_departure(store, draft, raw, sender, to)
    with store.write() as db:
        assert departures.send(db, draft, draft.version, departure, by=sender)
    found: Draft = again(store, draft)
    return found


def claimed(store: Store) -> list[Draft]:
    """Return what a worker finds due once the ten seconds are over."""
    with time_machine.travel(clock.now() + SECONDS, tick=False), store.write() as db:
        return list(departures.claim(db, 10, timedelta(minutes=5)))
