import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from filter import knocking
from filter.knocking import Knocking
from mailstore.addresses import Address
from mailstore.moving.knocks import Knock
from mailstore.store import Store
from tests.factories import a_domain

DATABASES = ["sqlite"]
HERE, SENDER = "muster.example", Address("bob", "there.example")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knocking, "PAUSE", 0.0)


async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


async def hear(noting: Knocking, *locals_: str) -> None:
    for each in locals_:
        noting.note(Address(each, HERE), SENDER)
    await asyncio.sleep(0.01)


def counts(store: Store) -> dict[str, int]:
    with store.read() as db:
        return {each.key: each.count for each in db.scalars(select(Knock))}


def test_what_nobody_has_is_counted_in_one_commit_for_all(store: Store) -> None:
    with store.write() as db:
        a_domain(db, HERE)
    asyncio.run(hear(Knocking(store, in_thread), "a", "b", "a"))
    assert counts(store) == {f"a@{HERE}": 2, f"b@{HERE}": 1}


def test_who_guesses_addresses_fills_no_memory(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knocking, "MOST", 2)
    with store.write() as db:
        a_domain(db, HERE)
    asyncio.run(hear(Knocking(store, in_thread), "a", "b", "c", "a"))
    assert counts(store) == {f"a@{HERE}": 2, f"b@{HERE}": 1}


def test_a_store_that_cannot_be_written_costs_only_the_notes(store: Store) -> None:
    async def fail(*_: Any) -> Any:
        raise OperationalError("", {}, OSError("full"))

    async def both() -> None:
        noting = Knocking(store, fail)
        await hear(noting, "a")
        await hear(noting, "b")

    asyncio.run(both())
    assert counts(store) == {}
