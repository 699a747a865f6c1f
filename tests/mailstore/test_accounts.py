import pytest
from sqlalchemy import select

from mailstore import accounts
from mailstore.accounts import LONGEST_PASSWORD, Account, Role
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.errors import BadName
from mailstore.events import Event
from mailstore.mailboxes import Right
from mailstore.scope import Scope
from mailstore.store import Store
from tests.factories import ANNA, a_domain, a_mailbox, an_account

GOOD = "correct horse battery"


@pytest.fixture(scope="module")
def hashed() -> str:
    return accounts.hash_password(GOOD)


def account_with(hashed: str | None, *, active: bool = True) -> Account:
    return Account(email=ANNA, password_hash=hashed, active=active)


def test_a_password_is_stored_as_argon2id_with_a_salt(hashed: str) -> None:
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert accounts.hash_password(GOOD) != hashed


def test_the_right_password_fits(hashed: str) -> None:
    assert accounts.password_fits(account_with(hashed), GOOD)


@pytest.mark.parametrize("tried", ["", GOOD.upper(), GOOD + "x", GOOD * 100])
def test_another_password_does_not_fit(hashed: str, tried: str) -> None:
    assert not accounts.password_fits(account_with(hashed), tried)


def test_nobody_and_the_inactive_do_not_get_in(hashed: str) -> None:
    assert not accounts.password_fits(None, GOOD)
    assert not accounts.password_fits(account_with(hashed, active=False), GOOD)
    assert not accounts.password_fits(account_with(None), GOOD)
    assert not accounts.password_fits(account_with("not a hash"), GOOD)


@pytest.mark.parametrize("size", [0, 9, LONGEST_PASSWORD + 1])
def test_a_password_too_short_or_too_long_cannot_be_set(size: int) -> None:
    with pytest.raises(BadName, match="10 to 1024"):
        accounts.hash_password("x" * size)


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
