from datetime import timedelta

import pytest
from sqlalchemy import update
from time_machine import Traveller

from mailstore import clock as clocks
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.erasure import cuts, forgetting, proving
from mailstore.errors import NotFound
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.retention import METADATA, expire
from mailstore.search.indexing import index_mail
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA
from tests.mailstore.curation.lists import refused
from tests.reporting import keep

pytestmark = pytest.mark.usefixtures("clock")
DAY = timedelta(days=1)
WORD = proving.new_word()


def plant(store: Store, times: int = 1) -> None:
    for _ in range(times):
        proving.plant(store, Address.parse(ANNA), WORD)


def places(store: Store) -> set[str]:
    return {hit.place for hit in proving.search(store, WORD.upper())}


def test_after_its_days_a_mail_stands_nowhere(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    plant(store, 60)
    index_mail(store)
    refused(store, anna, f"{WORD}@{WORD}.example", WORD)
    with store.write() as db:
        held = update(Delivery).where(Delivery.id < 5)
        db.execute(held.values(state="quarantined", held_until=clocks.now() + DAY))
    keep(store, anna)
    assert {"messages.subject", "messages.author", "deliveries.reply", "refusals.reason"} <= places(
        store
    )
    clock.shift(METADATA / 2)
    expire(store)
    clock.shift(METADATA / 2 + DAY)
    for _ in range(2):
        expire(store)
    assert places(store) == set()


def test_the_text_of_a_mail_is_gone_with_its_content(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    plant(store, 20)
    index_mail(store)
    assert any("search" in each or each == "mailhafen.db" for each in places(store))
    clock.shift(8 * DAY)
    expire(store)
    left = {each for each in places(store) if each != "mailhafen.db"}
    assert left <= {
        "messages.subject", "messages.author", "messages.author_name", "messages.sender",
        "messages.message_id", "messages.headers", "deliveries.reply", "deliveries.reason",
    }  # fmt: skip


@on_sqlite
def test_the_words_of_mail_that_is_forgotten_early_leave_the_index(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    with store.write() as db:
        cuts.change(db, anna.tenant_id, 30, 30, 30, by="root")
    plant(store, 40)
    index_mail(store)
    with store.write() as db:
        for column in ("subject", "author", "author_name", "sender", "message_id", "headers"):
            db.execute(update(Message).values({column: ""}))
        db.execute(update(Delivery).values(reply="", reason=""))
    assert places(store) == {"mailhafen.db", "messages.snippet"}
    with store.write() as db:
        forgetting.forget(db, range(41))
    forgetting.shred(store)
    assert places(store) == set()


def test_what_nobody_has_is_refused(store: Store) -> None:
    with pytest.raises(NotFound):
        proving.plant(store, Address.parse("nobody@muster.example"), WORD)
