import pytest
from sqlalchemy import select

from mailstore import tenants
from mailstore.errors import BadName
from mailstore.events import Event
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import a_tenant


@pytest.mark.parametrize(("keep", "held"), [(6, 30), (7, 6), (3651, 30), (7, 3651)])
def test_seven_days_are_the_promise(store: Store, keep: int, held: int) -> None:
    with store.write() as db:
        tenant = a_tenant(db)
    with pytest.raises(BadName, match="7 days at least"), store.write() as db:
        tenants.set_retention(db, tenant.id, keep, held, 30, by="root@ops.example")


def test_retention_is_set_for_one_tenant_and_logged(store: Store) -> None:
    with store.write() as db:
        tenant, other = a_tenant(db), a_tenant(db, "Other AG")
        tenants.set_retention(db, tenant.id, 14, 60, 0, by="root@ops.example")
        event = db.scalars(select(Event).order_by(Event.id.desc())).first()
    with store.read() as db:
        found = db.scalars(select(Tenant).order_by(Tenant.id))
        days = [(each.keep_days, each.held_days) for each in found]
    assert days == [(14, 60), (other.keep_days, other.held_days)]
    assert event is not None
    assert (event.kind, event.detail) == (
        "retention_set",
        {"keep_days": 14, "held_days": 60, "pin_days": 0},
    )


@pytest.mark.parametrize("on", [True, False], ids=["on", "off"])
def test_the_webmail_is_switched_and_logged(store: Store, on: bool) -> None:
    with store.write() as db:
        tenant = a_tenant(db, webmail_on=not on)
        tenants.switch_webmail(db, tenant.id, on=on, by="root@ops.example")
    with store.read() as db:
        assert db.get_one(Tenant, tenant.id).webmail_on is on
        assert db.scalar(select(Event.by).where(Event.kind == "webmail_switched"))
