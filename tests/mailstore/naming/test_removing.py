import pytest
from sqlalchemy import delete, select

from mailstore import mailboxes, onboarding
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.events import Event
from mailstore.mailboxes import Mailbox, MailboxAddress
from mailstore.naming import checks, claims, removing
from mailstore.naming.checks import CheckKind, DomainCheck
from mailstore.naming.claims import DomainClaim
from mailstore.naming.removing import Hangs
from mailstore.onboarding import NewDomain
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import a_domain, an_accepted

CEO = Address("ceo", "second.example")


@pytest.fixture
def second(store: Store, anna: Mailbox) -> Domain:
    """Return a domain that nothing hangs on, but what was claimed for it and found of it."""
    with store.write() as db:
        domain = a_domain(db, "second.example", tenant=db.get_one(Tenant, anna.tenant_id))
        checks.ask(db, domain, CheckKind.DNS, by="anna")
        mailboxes.set_catch_all(db, domain, anna, by="anna")
        new = NewDomain("third.example", "", alias_of_id=domain.id)
        claims.claim(db, anna.tenant_id, new, by="anna")
        return domain


def test_what_nothing_hangs_on_goes_with_all_that_is_known_of_it(
    store: Store, second: Domain
) -> None:
    with store.write() as db:
        assert removing.remove(db, db.get_one(Domain, second.id), by="anna") == {}
    with store.read() as db:
        assert db.scalars(select(Domain.name)).all() == ["muster.example"]
        assert not db.scalars(select(DomainCheck)).all()
        assert not db.scalars(select(DomainClaim)).all()
        assert db.scalar(select(Event).filter_by(kind="domain_removed"))


def test_a_domain_stays_where_somebody_of_another_has_an_alias(
    store: Store, anna: Mailbox, second: Domain
) -> None:
    with store.write() as db:
        onboarding.add_alias(db, db.get_one(Mailbox, anna.id), CEO, by="anna")
    with store.write() as db:
        domain = db.get_one(Domain, second.id)
        assert removing.remove(db, domain, by="anna") == {Hangs.MAILBOXES: 1}
        db.execute(delete(MailboxAddress).where(MailboxAddress.key == CEO.key))
        assert removing.remove(db, domain, by="anna") == {}


def test_no_alias_that_was_left_takes_mail_of_whoever_has_the_domain_next(
    store: Store, anna: Mailbox, second: Domain
) -> None:
    with store.write() as db:
        onboarding.add_alias(db, db.get_one(Mailbox, anna.id), CEO, by="anna")
        db.delete(db.get_one(Domain, second.id))
    with store.write() as db:
        theirs = a_domain(db, "second.example")
        assert theirs.tenant_id != anna.tenant_id
        assert mailboxes.resolve(db, CEO) is None
        assert mailboxes.at(db, CEO) is None


def test_what_something_hangs_on_stays(store: Store, anna: Mailbox, second: Domain) -> None:
    an_accepted(store, anna)
    with store.write() as db:
        home = db.get_one(Domain, anna.domain_id)
        assert removing.remove(db, home, by="anna") == {Hangs.MAILBOXES: 1, Hangs.MAIL: 1}
        assert removing.remove(db, db.get_one(Domain, second.id), by="anna") == {}
        assert Hangs.LAST in removing.remove(db, home, by="anna")
