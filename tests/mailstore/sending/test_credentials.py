import pytest
from time_machine import Traveller

from mailstore import accounts, roles
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.sending import credentials, entering, submitters
from mailstore.sending.credentials import NOTED_EVERY, SECRET_LENGTH, Credential
from mailstore.sending.entering import Answer, Entrant
from mailstore.store import Store
from tests.factories import BEAT, NOON, a_mailbox, an_account

PASSWORD = "four words in a row"  # noqa: S105 (one for tests)
HERE = "192.0.2.7"


@pytest.fixture
def account_id(store: Store, anna: Mailbox) -> int:
    with store.write() as db:
        return an_account(db, anna, password=PASSWORD).id


@pytest.fixture
def of_domain(store: Store, anna: Mailbox) -> tuple[Credential, str]:
    with store.write() as db:
        domain = db.get_one(Domain, anna.domain_id)
        return credentials.add_for_domain(db, domain, "Scanner", by="test")


def test_a_secret_is_shown_once_and_only_its_hash_is_kept(
    store: Store, of_domain: tuple[Credential, str]
) -> None:
    added, secret = of_domain
    assert len(secret) == SECRET_LENGTH
    with store.read() as db:
        kept = db.get_one(Credential, added.id)
        assert secret not in str(vars(kept))
        assert [each.kind for each in db.query(Event)][-1] == "credential_added"


def test_a_program_writes_with_any_address_of_its_domain(
    store: Store, of_domain: tuple[Credential, str]
) -> None:
    with store.write() as db:
        a_mailbox(db, "eve@elsewhere.example")
    with store.read() as db:
        program = credentials.submitter_of(db, of_domain[0])
        assert program
        allowed = [
            submitters.author_of(db, program, Address.parse(each)) is not None
            for each in ("scanner@muster.example", "eve@elsewhere.example", "x@there.example")
        ]
    assert allowed == [True, False, False]


def test_a_credential_lets_in_until_it_is_removed(
    store: Store, of_domain: tuple[Credential, str]
) -> None:
    added, secret = of_domain
    entrant = Entrant(credential_id=added.id)
    assert entering.enter(store, added.login.upper(), secret, HERE) == Answer(entrant)
    assert entering.enter(store, "somebody-else", secret, HERE) == Answer()
    with store.write() as db:
        assert credentials.remove(db, added.id, by="test")
        assert not credentials.remove(db, added.id, by="test")
    assert entering.enter(store, added.login, secret, HERE) == Answer()
    with store.read() as db:
        assert entering.submitter_of(db, entrant) is None


def test_nobody_removes_what_is_of_another_tenant(
    store: Store, of_domain: tuple[Credential, str]
) -> None:
    with store.write() as db:
        other = a_mailbox(db, "eve@elsewhere.example").tenant_id
        assert not credentials.remove(db, of_domain[0].id, by="test", tenant_id=other)


def test_the_last_use_is_noted_once_an_hour(
    store: Store, of_domain: tuple[Credential, str], clock: Traveller
) -> None:
    added, secret = of_domain
    for _ in range(2):
        entering.enter(store, added.login, secret, HERE)
        clock.shift(NOTED_EVERY / 2)
    with store.read() as db:
        assert db.get_one(Credential, added.id).used_at == NOON


def test_an_account_sends_with_its_password(store: Store, anna: Mailbox, account_id: int) -> None:
    answer = entering.enter(store, " Anna@Muster.example", PASSWORD, HERE)
    assert answer.entrant == Entrant(account_id=account_id)
    with store.read() as db:
        person = entering.submitter_of(db, answer.entrant)
    assert person
    assert person.mailbox_ids == frozenset({anna.id})


def test_with_a_second_factor_only_a_credential_lets_in(store: Store, account_id: int) -> None:
    with store.write() as db:
        account = db.get_one(accounts.Account, account_id)
        account.totp_secret = "wrapped"  # noqa: S105 (one for tests)
        _, secret = credentials.add_for_account(db, account, "Phone", by="test")
    assert entering.enter(store, account.email, PASSWORD, HERE) == Answer()
    assert entering.enter(store, account.email, secret, HERE).entrant


def test_whose_account_is_off_sends_with_nothing(store: Store, account_id: int) -> None:
    with store.write() as db:
        account = db.get_one(accounts.Account, account_id)
        added, secret = credentials.add_for_account(db, account, "", by="test")
        roles.set_active(db, account, on=False, by="test")
    assert entering.enter(store, account.email, PASSWORD, HERE) == Answer()
    assert entering.enter(store, account.email, secret, HERE) == Answer()
    with store.read() as db:
        for entrant in (Entrant(account_id), Entrant(credential_id=added.id)):
            assert entering.submitter_of(db, entrant) is None


def test_guessing_ends_for_the_name_and_the_place_but_not_for_its_credential(
    store: Store, account_id: int
) -> None:
    with store.write() as db:
        account = db.get_one(accounts.Account, account_id)
        _, secret = credentials.add_for_account(db, account, "", by="test")
    for _ in range(10):
        assert entering.enter(store, account.email, "wrong", HERE) == Answer()
    assert entering.enter(store, account.email, PASSWORD, HERE) == Answer(too_often=True)
    assert entering.enter(store, account.email, secret, HERE).entrant
    assert entering.enter(store, BEAT, "wrong", HERE) == Answer()
