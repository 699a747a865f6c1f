from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from mailstore import mailboxes, welcomes
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox, MailboxKind
from mailstore.moving import deeds
from mailstore.moving.planning import Options
from mailstore.moving.values import Person
from mailstore.moving.wishes import Clash, Trouble
from mailstore.realms import Realm
from mailstore.store import Store
from tests.factories import ANNA, BEAT, a_domain, a_mailbox, an_account

OTHER = "other.example"


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db, ANNA, name="Anna", aliases=["ak@muster.example"])


@pytest.fixture
def beat(store: Store, anna: Mailbox) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db, BEAT)


def leads_to(store: Store, address: str) -> int | None:
    with store.read() as db:
        found = mailboxes.resolve(db, Address.parse(address))
        return found.mailbox_id if found else None


def test_one_person_is_added_with_account_and_aliases(store: Store, anna: Mailbox) -> None:
    person = Person(0, "zoe@muster.example", "Zoe", ("z@muster.example",))
    realm = Realm(anna.tenant_id)
    with store.write() as db:
        added, trouble = deeds.add(db, realm, person, Options(), by="beat")
        assert trouble is None
        again, taken = deeds.add(db, realm, person, Options(), by="beat")
    assert (leads_to(store, "z@muster.example"), again) == (added, None)
    assert taken is not None
    assert taken.clash is Clash.TAKEN


def test_a_person_is_let_in_once_and_nobody_for_a_shared_mailbox(
    store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    realm = Realm(anna.tenant_id)
    with store.write() as db:
        deeds.make_shared(db, beat, shared=True, by="x")
    with store.write() as db:
        account_id = deeds.let_in(db, realm, db.get_one(Mailbox, anna.id), by="x")
        assert deeds.let_in(db, realm, db.get_one(Mailbox, anna.id), by="x") is None
        assert deeds.let_in(db, realm, db.get_one(Mailbox, beat.id), by="x") is None
    with store.read() as db:
        account = db.get_one(Account, account_id)
        assert (account.email, account.role, account.password_hash) == (ANNA, Role.USER, None)


def test_an_alias_comes_moves_and_goes(store: Store, anna: Mailbox, beat: Mailbox) -> None:
    realm, alias = Realm(anna.tenant_id), "neu@muster.example"
    with store.write() as db:
        assert deeds.add_alias(db, realm, anna, alias, by="x") is None
        for text, clash in (
            (alias, Clash.TAKEN), (BEAT, Clash.IS_MAIN), ("x@y.example", Clash.FOREIGN_ALIAS),
            ("; rm -rf /", Clash.BAD_ADDRESS),
        ):  # fmt: skip
            trouble = deeds.add_alias(db, realm, anna, text, by="x")
            assert trouble is not None
            assert trouble.clash is clash
        assert deeds.move_alias(db, anna, alias, beat, by="x")
        assert not deeds.move_alias(db, anna, ANNA, beat, by="x")
    assert leads_to(store, alias) == beat.id
    with store.write() as db:
        assert not deeds.remove_alias(db, anna, alias, by="x")
        assert deeds.remove_alias(db, beat, alias, by="x")
        assert not deeds.remove_alias(db, beat, BEAT, by="x")
    assert leads_to(store, alias) is None


def test_who_is_switched_off_gets_no_mail_and_cannot_sign_in_until_it_is_undone(
    store: Store, anna: Mailbox
) -> None:
    with store.write() as db:
        account = an_account(db, anna)
        assert deeds.switch_off(db, anna, by="x")
        assert not deeds.switch_off(db, anna, by="x")
    assert leads_to(store, ANNA) is None
    with store.write() as db:
        assert not db.get_one(Account, account.id).active
        assert deeds.switch_on(db, anna, by="x")
    with store.read() as db:
        assert db.get_one(Account, account.id).active
    assert leads_to(store, "ak@muster.example") == anna.id


def test_a_mailbox_becomes_the_alias_of_another_with_all_its_addresses(
    store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    with store.write() as db:
        assert not deeds.merge(db, anna, anna, by="x")
        assert deeds.merge(db, anna, beat, by="x")
        assert not deeds.switch_on(db, anna, by="x")
    assert {leads_to(store, each) for each in (ANNA, "ak@muster.example")} == {beat.id}


def test_nobody_who_administers_is_switched_off(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        an_account(db, anna, role=Role.ADMIN)
        assert not deeds.switch_off(db, anna, by="x")


def test_a_mailbox_is_shared_and_a_persons_again(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        assert deeds.make_shared(db, anna, shared=True, by="x")
        assert not deeds.make_shared(db, anna, shared=True, by="x")
        assert db.get_one(Mailbox, anna.id).kind is MailboxKind.SHARED


def test_who_has_some_domains_changes_nobody_of_others_and_nobody_who_administers(
    store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    with store.write() as db:
        other = a_domain(db, OTHER, tenant=None)
        an_account(db, beat, role=Role.QUARANTINE_ADMIN)
    theirs = Realm(anna.tenant_id, frozenset({anna.domain_id}))
    assert isinstance(other, Domain)
    with store.read() as db:
        assert deeds.one(db, theirs, anna.id) is not None
        assert deeds.one(db, theirs, beat.id) is None
        assert deeds.one(db, Realm(anna.tenant_id), beat.id) is not None
        assert deeds.one(db, Realm(anna.tenant_id, frozenset()), anna.id) is None
        assert deeds.one(db, Realm(other.tenant_id), anna.id) is None


def test_what_two_add_at_the_same_moment_is_added_once(store: Store, anna: Mailbox) -> None:
    realm, person = Realm(anna.tenant_id), Person(0, "zoe@muster.example", "Zoe")

    def added() -> Trouble | None:
        with store.write() as db:
            return deeds.add(db, realm, person, Options(), by="x")[1]

    def led() -> Trouble | None:
        with store.write() as db:
            return deeds.add_alias(db, realm, db.get_one(Mailbox, anna.id), "a@muster.example",
                                   by="x")  # fmt: skip

    with ThreadPoolExecutor(2) as others:
        with store.write() as db:
            assert deeds.add(db, realm, person, Options(), by="y")[1] is None
            mine = db.get_one(Mailbox, anna.id)
            assert deeds.add_alias(db, realm, mine, "a@muster.example", by="y") is None
            late = [others.submit(each) for each in (added, led)]
            # By then they have looked, where the database lets two write, and wait.
            wait(late, timeout=0.5)
        said = [each.result() for each in late]
    assert {each and each.clash for each in said} <= {Clash.TAKEN, Clash.FAILED}


def test_a_welcome_is_asked_for_once(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        account = an_account(db, anna)
        asked = [welcomes.ask(db, anna.tenant_id, [account.id], by="x") for _ in range(2)]
    assert asked == [1, 0]
