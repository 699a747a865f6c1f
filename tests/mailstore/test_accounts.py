from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import accounts, roles, sessions
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.errors import BadName
from mailstore.events import Event
from mailstore.mailboxes import Right
from mailstore.scope import Scope
from mailstore.store import Store
from tests import tries
from tests.factories import ANNA, a_domain, a_mailbox, an_account

Change = Callable[[Session, Account], bool]


def test_an_account_belongs_to_the_tenant_of_its_mailbox_and_owns_it(store: Store) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db, name="Anna Keller")
        account = an_account(db, mailbox)
        scope = accounts.scope_of(db, account)
    assert (account.email, account.name, account.tenant_id) == (
        ANNA, "Anna Keller", mailbox.tenant_id
    )  # fmt: skip
    assert scope == Scope(mailbox.tenant_id, frozenset({mailbox.id}))


def test_an_operator_has_no_tenant_and_needs_no_mailbox(store: Store) -> None:
    with store.write() as db:
        root = Address.parse("root@ops.example")
        account = accounts.add_account(db, root, Role.OPERATOR, None, by="test")
        assert account.tenant_id is None
        assert accounts.scope_of(db, account) == Scope(None, frozenset())


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN])
def test_a_person_needs_a_mailbox(store: Store, role: Role) -> None:
    with pytest.raises(BadName, match="no mailbox"), store.write() as db:
        accounts.add_account(db, Address.parse(ANNA), role, None, by="test")


@pytest.mark.parametrize("again", [ANNA, "Anna@Muster.Example"], ids=["same", "other case"])
def test_there_is_one_account_for_an_address(store: Store, again: str) -> None:
    with store.write() as db:
        an_account(db, a_mailbox(db))
    with pytest.raises(BadName, match="already"), store.write() as db:
        accounts.add_account(db, Address.parse(again), Role.USER, None, by="test")


def test_an_account_is_found_in_any_case(store: Store) -> None:
    with store.write() as db:
        account = an_account(db, a_mailbox(db))
        assert accounts.find(db, " Anna@MUSTER.example ") is account
        assert accounts.find(db, "beat@muster.example") is None


def test_a_delegate_sees_the_mailbox_too(store: Store) -> None:
    with store.write() as db:
        anna, info = a_mailbox(db), a_mailbox(db, "info@muster.example")
        account = an_account(db, anna)
        accounts.grant(db, account.id, info.id, Right.DELEGATE)
        assert accounts.scope_of(db, account).mailbox_ids == frozenset({anna.id, info.id})


@pytest.mark.parametrize(("role", "sees"), [(Role.USER, False), (Role.ADMIN, True)])
def test_administrators_see_catch_alls_of_their_tenant_and_nothing_else(
    store: Store, role: Role, sees: bool
) -> None:
    with store.write() as db:
        a_domain(db, "other.example")
        mailbox = a_mailbox(db)
        a_mailbox(db, "beat@muster.example")
        bucket = db.get_one(Domain, mailbox.domain_id).catch_all_id or 0
        scope = accounts.scope_of(db, an_account(db, mailbox, role=role))
    expected = {mailbox.id, bucket} if sees else {mailbox.id}
    assert scope == Scope(mailbox.tenant_id, frozenset(expected))


def test_a_new_account_is_in_the_log(store: Store) -> None:
    with store.write() as db:
        account = an_account(db, a_mailbox(db))
        event = db.scalars(select(Event).where(Event.kind == "account_added")).one()
    assert (event.tenant_id, event.by) == (account.tenant_id, "test")


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda db, account: roles.set_role(db, account, Role.ADMIN, by="x"), "role_set"),
        (lambda db, account: roles.set_active(db, account, on=False, by="x"),
         "account_disabled"),
    ],
    ids=["role", "off"],
)  # fmt: skip
def test_another_role_or_none_ends_all_sessions_once(
    store: Store, change: Change, kind: str
) -> None:
    with store.write() as db:
        account = an_account(db, a_mailbox(db))
        token = sessions.start(db, account, "Firefox")
        assert change(db, account)
        assert sessions.of_account(db, account.id) == []
        assert not change(db, account)
        assert tries.account_of(db, token) is None
        assert len(db.scalars(select(Event).where(Event.kind == kind)).all()) == 1


def test_an_account_is_turned_on_again(store: Store) -> None:
    with store.write() as db:
        account = an_account(db, a_mailbox(db))
        assert not roles.set_active(db, account, on=True, by="test")
        roles.set_active(db, account, on=False, by="test")
        assert roles.set_active(db, account, on=True, by="test")


def test_nobody_becomes_an_operator_by_a_role(store: Store) -> None:
    with store.write() as db:
        account = an_account(db, a_mailbox(db))
        root = accounts.add_account(db, Address.parse("r@ops.example"), Role.OPERATOR, None, by="x")
        for each, role in ((account, Role.OPERATOR), (root, Role.USER)):
            with pytest.raises(BadName, match="operator"):
                roles.set_role(db, each, role, by="test")


def test_a_mailbox_that_was_switched_off_is_nobodys(store: Store) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db)
        account = an_account(db, mailbox)
        assert accounts.scope_of(db, account).mailbox_ids == frozenset({mailbox.id})
        mailbox.active = False
        db.flush()
        assert accounts.scope_of(db, account).mailbox_ids == frozenset()
