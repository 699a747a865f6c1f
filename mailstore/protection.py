"""Whom strangers may not pretend to be: a tenant's people, its domains and its partners."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, UniqueConstraint, bindparam, delete, literal, select, union_all
from sqlalchemy.orm import Mapped, Session

from mailstore import events
from mailstore.accounts import Account
from mailstore.addresses import Address, parse_domain
from mailstore.db import Base, PrimaryKey, TenantKey, upsert
from mailstore.domains import Domain
from mailstore.envelopes import Person, TenantFacts
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox, MailboxKind
from mailstore.messages import Message
from mailstore.strict import StrictDomain
from mailstore.tenants import Tenant

# More names would cost each mail too much, and a name among so many is nobody's secret sign.
MOST_PEOPLE = 2000
LONGEST_NAME = 200
FEWEST_WORDS = 2
TENANT, DOMAIN, PARTNER, NAMED, PERSON = "tenant", "domain", "partner", "named", "person"
STRICT = "strict"


class ProtectedPerson(Base):
    """Somebody whose name is protected by hand, with an address of theirs that is not ours."""

    __tablename__ = "protected_people"
    __table_args__ = (UniqueConstraint("tenant_id", "name", "address"),)

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    name: Mapped[str]
    address: Mapped[str]


class PartnerDomain(Base):
    """A domain of somebody whom a tenant does business with."""

    __tablename__ = "partner_domains"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    name: Mapped[str]


def add_person(
    db: Session, tenant_id: int, name: str, address: Address | None = None, *, by: str
) -> bool:
    """Protect a name; mail from the address may show it. False if that was so already.

    Raises BadName for a name of one word: too many strangers bear it.
    """
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME or len(name.split()) < FEWEST_WORDS:
        raise BadName("A protected person needs a first and a last name.")
    key = address.key if address else ""
    row = {"tenant_id": tenant_id, "name": name, "address": key}
    return _add(db, ProtectedPerson, row, by=by)


def remove_person(db: Session, tenant_id: int, name: str, *, by: str) -> bool:
    """Protect a name that was added by hand no longer; False if it was not."""
    mine = delete(ProtectedPerson).where(
        ProtectedPerson.tenant_id == tenant_id, ProtectedPerson.name == " ".join(name.split())
    )
    return _remove(db, mine.returning(ProtectedPerson.id), tenant_id, PERSON, name, by)


def add_partner(db: Session, tenant_id: int, domain: str, *, by: str) -> bool:
    """Protect a partner's domain from lookalikes; False if it was so already, or BadName."""
    row = {"tenant_id": tenant_id, "name": parse_domain(domain)}
    return _add(db, PartnerDomain, row, by=by)


def remove_partner(db: Session, tenant_id: int, domain: str, *, by: str) -> bool:
    """Protect a partner's domain no longer; False if it was not, or BadName."""
    name = parse_domain(domain)
    mine = delete(PartnerDomain).where(
        PartnerDomain.tenant_id == tenant_id, PartnerDomain.name == name
    )
    return _remove(db, mine.returning(PartnerDomain.id), tenant_id, PARTNER, name, by)


def people_of(db: Session, tenant_id: int) -> Sequence[ProtectedPerson]:
    """Return the people whom a tenant protects by hand, by name."""
    mine = select(ProtectedPerson).where(ProtectedPerson.tenant_id == tenant_id)
    return db.scalars(mine.order_by(ProtectedPerson.name, ProtectedPerson.address)).all()


def partners_of(db: Session, tenant_id: int) -> Sequence[str]:
    """Return the domains of a tenant's partners."""
    mine = select(PartnerDomain.name).where(PartnerDomain.tenant_id == tenant_id)
    return db.scalars(mine.order_by(PartnerDomain.name)).all()


# Asked for each mail of an author who is new here, so it is made once.
_WRITTEN = (
    select(Message.id)
    .where(Message.tenant_id == bindparam("tenant_id"), Message.author == bindparam("author"))
    .limit(1)
)


def facts_of(db: Session, tenant_id: int) -> TenantFacts:
    """Return what rules may know of a tenant, in one statement."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for kind, name, address in db.execute(union_all(*_facts(tenant_id))):
        found[kind][name].add(address)
    people = found[NAMED] | {
        name: found[NAMED].get(name, set()) | addresses for name, addresses in found[PERSON].items()
    }
    return TenantFacts(
        tenant_id,
        next(iter(found[TENANT]), ""),
        frozenset(found[DOMAIN]),
        partners=frozenset(found[PARTNER]),
        strict_domains=frozenset(found[STRICT]),
        people=tuple(
            Person(name, frozenset(addresses - {""}))
            for name, addresses in list(people.items())[:MOST_PEOPLE]
        ),
    )


def has_written(db: Session, tenant_id: int, author: Address) -> bool:
    """Whether this tenant has mail of an author, as far back as its rows go."""
    asked = {"tenant_id": tenant_id, "author": author.key}
    return db.connection().execute(_WRITTEN, asked).first() is not None


def _facts(tenant_id: int) -> list[Select[Any]]:
    """Return one selection of kind, name and address for each sort of fact."""
    return [
        _named(TENANT, Tenant.name).where(Tenant.id == tenant_id),
        _named(DOMAIN, Domain.name).where(Domain.tenant_id == tenant_id),
        _named(PARTNER, PartnerDomain.name).where(PartnerDomain.tenant_id == tenant_id),
        _named(STRICT, StrictDomain.name).where(StrictDomain.tenant_id == tenant_id),
        _named(NAMED, ProtectedPerson.name, ProtectedPerson.address).where(
            ProtectedPerson.tenant_id == tenant_id
        ),
        # Their own addresses are ours, so names are enough.
        _few(
            _named(PERSON, Mailbox.name).where(
                Mailbox.tenant_id == tenant_id,
                Mailbox.kind == MailboxKind.PERSON,
                Mailbox.active,
                Mailbox.name != "",
            )
        ),
        _few(
            _named(PERSON, Account.name).where(
                Account.tenant_id == tenant_id, Account.active, Account.name != ""
            )
        ),
    ]


def _named(kind: str, name: Any, address: Any = None) -> Select[Any]:
    address = literal("") if address is None else address
    return select(literal(kind).label("kind"), name.label("name"), address.label("address"))


def _few(people: Select[Any]) -> Select[Any]:
    # SQLite knows no LIMIT for a part of a UNION unless that is a table of its own.
    return select(people.limit(MOST_PEOPLE).subquery())


def _add(db: Session, table: type[Base], row: dict[str, Any], *, by: str) -> bool:
    new = upsert(db, table).values(**row).on_conflict_do_nothing().returning(table.__table__.c.id)
    if db.scalar(new) is None:
        return False
    tenant_id, *_ = row.values()
    kind = PERSON if table is ProtectedPerson else PARTNER
    detail = {key: value for key, value in row.items() if key != "tenant_id"}
    events.record(db, f"{kind}_protected", tenant_id=tenant_id, by=by, detail=detail)
    return True


def _remove(db: Session, mine: Any, tenant_id: int, kind: str, name: str, by: str) -> bool:
    if not db.execute(mine).all():
        return False
    events.record(db, f"{kind}_unprotected", tenant_id=tenant_id, by=by, detail={"name": name})
    return True
