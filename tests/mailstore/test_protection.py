import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from mailstore import protection
from mailstore.addresses import Address
from mailstore.envelopes import Person
from mailstore.errors import BadName
from mailstore.events import Event
from mailstore.mailboxes import MailboxKind
from mailstore.protection import MOST_PEOPLE, PartnerDomain, ProtectedPerson
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import ANNA, BEAT, BOB, a_domain, a_mailbox, a_tenant, an_accepted, an_account

HOME = Address.parse("Anna@home.example")


@pytest.fixture
def tenant(store: Store) -> Tenant:
    with store.write() as db:
        found = a_tenant(db, "Muster AG")
        a_domain(db, tenant=found)
        return found


def told(db: Session) -> list[tuple[str, object]]:
    rows = db.execute(select(Event.kind, Event.detail).where(Event.kind.like("%protected")))
    return [tuple(row) for row in rows]


def people(db: Session, tenant: Tenant) -> set[Person]:
    return set(protection.facts_of(db, tenant.id).people)


def test_a_tenant_is_known_by_its_name_and_its_domains(store: Store, tenant: Tenant) -> None:
    with store.write() as db:
        a_domain(db, "second.example", tenant=tenant)
        a_domain(db, "strange.example")
        facts = protection.facts_of(db, tenant.id)
    assert (facts.tenant_id, facts.name) == (tenant.id, "Muster AG")
    assert facts.domains == {"muster.example", "second.example"}
    assert (facts.partners, facts.people) == (frozenset(), ())


def test_people_are_those_with_a_mailbox_or_an_account_that_are_active(
    store: Store, tenant: Tenant
) -> None:
    with store.write() as db:
        anna = a_mailbox(db, ANNA, name="Anna Keller")
        an_account(db, anna).name = "Anna Keller-Weber"
        a_mailbox(db, BEAT, name="Beat Hug").active = False
        a_mailbox(db, "info@muster.example", name="Info Desk").kind = MailboxKind.SHARED
        a_mailbox(db, "carla@strange.example", name="Carla Rossi")
        a_mailbox(db, "nameless@muster.example")
        db.flush()
        assert people(db, tenant) == {Person("Anna Keller"), Person("Anna Keller-Weber")}


def test_a_name_and_an_address_outside_are_added_by_hand(store: Store, tenant: Tenant) -> None:
    with store.write() as db:
        a_mailbox(db, ANNA, name="Anna Keller")
        assert protection.add_person(db, tenant.id, " Anna  Keller ", HOME, by="root")
        assert not protection.add_person(db, tenant.id, "Anna Keller", HOME, by="root")
        assert protection.add_person(db, tenant.id, "Dora Meier", by="root")
        known = {Person("Anna Keller", frozenset({HOME.key})), Person("Dora Meier")}
        assert people(db, tenant) == known
        assert protection.remove_person(db, tenant.id, "Dora Meier", by="root")
        assert not protection.remove_person(db, tenant.id, "Dora Meier", by="root")
        assert [each.name for each in protection.people_of(db, tenant.id)] == ["Anna Keller"]
        kinds = [kind for kind, _ in told(db)]
    assert kinds == ["person_protected", "person_protected", "person_unprotected"]


def test_partners_are_added_and_removed_and_logged(store: Store, tenant: Tenant) -> None:
    with store.write() as db:
        assert protection.add_partner(db, tenant.id, "Bank.Example.", by="root")
        assert not protection.add_partner(db, tenant.id, "bank.example", by="root")
        assert protection.facts_of(db, tenant.id).partners == {"bank.example"}
        assert protection.partners_of(db, tenant.id) == ["bank.example"]
        assert protection.remove_partner(db, tenant.id, "BANK.example", by="root")
        assert not protection.remove_partner(db, tenant.id, "bank.example", by="root")
        assert told(db) == [
            ("partner_protected", {"name": "bank.example"}),
            ("partner_unprotected", {"name": "bank.example"}),
        ]


@pytest.mark.parametrize("name", ["", "Anna", "  Anna  ", f"Anna {'x' * 200}"])
def test_a_name_that_too_many_bear_is_refused(store: Store, tenant: Tenant, name: str) -> None:
    with pytest.raises(BadName), store.write() as db:
        protection.add_person(db, tenant.id, name, by="root")


def test_a_partner_needs_a_domain_name(store: Store, tenant: Tenant) -> None:
    with pytest.raises(BadName), store.write() as db:
        protection.add_partner(db, tenant.id, "not a domain", by="root")


def test_what_is_known_of_thousands_takes_one_statement_and_has_a_limit(
    store: Store, tenant: Tenant
) -> None:
    with store.write() as db:
        rows = [{"tenant_id": tenant.id, "name": f"A {number}", "address": ""}
                for number in range(MOST_PEOPLE + 5)]  # fmt: skip
        db.execute(ProtectedPerson.__table__.insert(), rows)
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    with store.read() as db:
        assert len(protection.facts_of(db, tenant.id).people) == MOST_PEOPLE
    assert len([each for each in asked if "SELECT" in each]) == 1


def test_all_goes_with_the_tenant(store: Store) -> None:
    with store.write() as db:
        gone = a_tenant(db, "Gone AG")
        protection.add_person(db, gone.id, "Anna Keller", by="root")
        protection.add_partner(db, gone.id, "bank.example", by="root")
        db.delete(gone)
        db.flush()
        assert not db.scalars(select(ProtectedPerson)).all()
        assert not db.scalars(select(PartnerDomain)).all()


def test_an_author_is_known_to_the_tenant_that_has_mail_of_them(store: Store) -> None:
    with store.write() as db:
        anna, other = a_mailbox(db, ANNA), a_mailbox(db, "carla@strange.example")
    an_accepted(store, anna)
    with store.read() as db:
        assert protection.has_written(db, anna.tenant_id, BOB)
        assert not protection.has_written(db, other.tenant_id, BOB)
        assert not protection.has_written(db, anna.tenant_id, HOME)
