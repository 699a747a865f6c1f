from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.orm import Session

from mailstore import accounts, realms, roles
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.errors import BadName
from mailstore.realms import Realm
from mailstore.roles import LastOne
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import a_domain, a_mailbox, an_account
from tests.portal.browsing import happened

Deed = Callable[[Session, Account], bool]
DEEDS: dict[str, Deed] = {
    "another role": lambda db, account: roles.set_role(db, account, Role.USER, by="test"),
    "off": lambda db, account: roles.set_active(db, account, on=False, by="test"),
}


@pytest.fixture(params=DEEDS.values(), ids=list(DEEDS))
def deed(request: pytest.FixtureRequest) -> Deed:
    found: Deed = request.param
    return found


def an_administrator(db: Session, address: str = "anna@muster.example") -> Account:
    return an_account(db, a_mailbox(db, address), role=Role.ADMIN)


def test_the_last_administrator_of_a_tenant_stays(store: Store, deed: Deed) -> None:
    with store.write() as db:
        only = an_administrator(db)
        an_administrator(db, "eve@elsewhere.example")
        with pytest.raises(LastOne, match="last one"):
            deed(db, only)
        an_administrator(db, "beat@muster.example")
        assert deed(db, only)


def test_whoever_is_switched_off_is_no_other_administrator(store: Store, deed: Deed) -> None:
    with store.write() as db:
        only, other = an_administrator(db), an_administrator(db, "beat@muster.example")
        roles.set_active(db, other, on=False, by="test")
    with store.write() as db, pytest.raises(LastOne):
        deed(db, db.get_one(Account, only.id))


def test_the_last_operator_stays(store: Store) -> None:
    with store.write() as db:
        root = accounts.add_account(db, Address.parse("r@ops.example"), Role.OPERATOR, None, by="x")
        with pytest.raises(LastOne):
            roles.set_active(db, root, on=False, by="test")


def test_of_two_who_go_at_once_one_stays(store: Store, deed: Deed) -> None:
    with store.write() as db:
        ids = [an_administrator(db).id, an_administrator(db, "beat@muster.example").id]

    def go(account_id: int) -> bool:
        try:
            with store.write() as db:
                return deed(db, db.get_one(Account, account_id))
        except LastOne:
            return False

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(go, ids)) == [False, True]


def test_a_domain_administrator_has_the_domains_that_were_said(store: Store) -> None:
    with store.write() as db:
        account = an_account(db, a_mailbox(db))
        second = a_domain(db, "filiale.example", tenant=db.get_one(Tenant, account.tenant_id))
        assert roles.set_role(db, account, Role.DOMAIN_ADMIN, {second.id}, by="test")
        assert realms.of(db, account) == Realm(second.tenant_id, frozenset({second.id}))
        assert not roles.set_role(db, account, Role.DOMAIN_ADMIN, {second.id}, by="test")
        roles.set_role(db, account, Role.QUARANTINE_ADMIN, {second.id}, by="test")
        assert realms.of(db, account) == Realm(second.tenant_id, frozenset())
        assert roles.domains_of(db, account) == frozenset()
    assert len(happened(store, "role_set")) == 2


def test_nobody_administers_a_domain_of_others(store: Store) -> None:
    with store.write() as db:
        account, foreign = an_account(db, a_mailbox(db)), a_domain(db, "elsewhere.example")
        with pytest.raises(BadName, match="not one of this tenant"):
            roles.set_role(db, account, Role.DOMAIN_ADMIN, {foreign.id}, by="test")


def test_an_administrator_has_the_whole_tenant_and_people_nothing(store: Store) -> None:
    with store.write() as db:
        boss = an_administrator(db)
        person = an_account(db, a_mailbox(db, "beat@muster.example"))
        assert realms.of(db, boss).whole
        assert not realms.of(db, person).includes(1)
        assert not realms.of(db, person).includes(None)
