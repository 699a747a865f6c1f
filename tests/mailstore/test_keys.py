from datetime import date, timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from mailstore import keys
from mailstore.errors import Misconfigured, NotFound
from mailstore.keys import DataKey, KeyRing
from mailstore.store import Store
from tests.factories import a_tenant

DAY = date(2027, 3, 28)
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def tenant_id(store: Store) -> int:
    with store.write() as db:
        return a_tenant(db).id


def make(store: Store, ring: KeyRing, tenant_id: int, day: date = DAY) -> bytes:
    with store.write() as db:
        ring.make(db, tenant_id, day)
    return find(store, ring, tenant_id, day)


def find(store: Store, ring: KeyRing, tenant_id: int, day: date = DAY) -> bytes:
    with store.read() as db:
        return ring.find(db, tenant_id, day)


def test_a_key_is_made_once(store: Store, tenant_id: int) -> None:
    made = make(store, KeyRing([OLD]), tenant_id)
    assert make(store, KeyRing([OLD]), tenant_id) == made
    assert find(store, KeyRing([OLD]), tenant_id) == made
    assert len(made) == keys.KEY_BYTES


def test_each_tenant_and_day_has_a_key_of_its_own(store: Store, tenant_id: int) -> None:
    with store.write() as db:
        other = a_tenant(db, "Other AG").id
    ring = KeyRing([OLD])
    made = {make(store, ring, who, DAY + timedelta(days)) for who in (tenant_id, other)
            for days in (0, 1)}  # fmt: skip
    assert len(made) == 4


def test_no_key_lies_in_a_row_as_it_is(store: Store, tenant_id: int) -> None:
    made = make(store, KeyRing([OLD]), tenant_id)
    with store.read() as db:
        wrapped = db.scalars(select(DataKey.wrapped)).one()
    assert made not in wrapped.encode()
    assert made.hex() not in wrapped


def test_a_used_key_is_known_without_asking_rows(store: Store, tenant_id: int) -> None:
    ring = KeyRing([OLD])
    assert ring.known(tenant_id, DAY) is None
    made = make(store, ring, tenant_id)
    assert find(store, ring, tenant_id) == made
    assert ring.known(tenant_id, DAY) is None
    ring.remember(tenant_id, DAY, made)
    assert ring.known(tenant_id, DAY) == made


def test_an_erased_key_is_not_found_by_anybody(store: Store, tenant_id: int) -> None:
    ring = KeyRing([OLD])
    make(store, ring, tenant_id)
    with store.write() as db:
        assert keys.erase(db, DataKey.day < DAY) == []
        assert keys.erase(db, DataKey.day == DAY) == [(tenant_id, DAY)]
    for asked in (ring, KeyRing([OLD])):
        with pytest.raises(NotFound, match="erased"):
            find(store, asked, tenant_id)
        assert asked.known(tenant_id, DAY) is None


def test_a_ring_without_the_right_key_says_so(store: Store, tenant_id: int) -> None:
    make(store, KeyRing([OLD]), tenant_id)
    with pytest.raises(Misconfigured, match="MAILHAFEN_KEYS"):
        find(store, KeyRing([NEW]), tenant_id)


def test_the_ring_rotates_with_two_keys(store: Store, tenant_id: int) -> None:
    old, later = make(store, KeyRing([OLD]), tenant_id), DAY + timedelta(days=1)
    both = KeyRing([NEW, OLD])
    assert find(store, both, tenant_id) == old
    new = make(store, both, tenant_id, later)
    assert find(store, KeyRing([NEW]), tenant_id, later) == new
    with pytest.raises(Misconfigured):
        find(store, KeyRing([OLD]), tenant_id, later)


def test_a_ring_of_something_else_is_refused() -> None:
    with pytest.raises(Misconfigured, match="MAILHAFEN_KEYS"):
        KeyRing(["a" * 40])
