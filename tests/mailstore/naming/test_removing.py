import pytest
from sqlalchemy import select

from mailstore import mailboxes
from mailstore.domains import Domain
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.naming import checks, claims, removing
from mailstore.naming.checks import CheckKind, DomainCheck
from mailstore.naming.claims import DomainClaim
from mailstore.naming.removing import Hangs
from mailstore.onboarding import NewDomain
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import a_domain, an_accepted


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


def test_what_something_hangs_on_stays(store: Store, anna: Mailbox, second: Domain) -> None:
    an_accepted(store, anna)
    with store.write() as db:
        home = db.get_one(Domain, anna.domain_id)
        assert removing.remove(db, home, by="anna") == {Hangs.MAILBOXES: 1, Hangs.MAIL: 1}
        assert removing.remove(db, db.get_one(Domain, second.id), by="anna") == {}
        assert Hangs.LAST in removing.remove(db, home, by="anna")
