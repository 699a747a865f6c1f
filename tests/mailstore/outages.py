"""Two customers on one next hop and one beside it, and whoever of them left a private address."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import accounts, incidents, notices, people
from mailstore.accounts import Account, Role
from mailstore.domains import Domain
from mailstore.incidents import Incident, IncidentKind, Told
from mailstore.mailboxes import Mailbox, Right
from mailstore.notices import Notice
from mailstore.store import Store
from tests.factories import a_domain, a_mailbox, a_tenant, an_account

OURS, OTHERS = "192.0.2.1:25", "192.0.2.2:25"
HOOK = "https://hooks.example/outages"
Said = set[tuple[str, str]]
ANNA, BEAT, CARL, DORA, EVE, FRED = (
    f"{name}@private.example" for name in ("anna", "beat", "carl", "dora", "eve", "fred")
)


@dataclass(frozen=True, slots=True)
class Customers:
    """The lane of an outage, and whose tenants are behind it and beside it."""

    lane_id: int
    muster: int
    partner: int
    elsewhere: int


def customers(db: Session) -> Customers:
    """Add Muster AG with two next hops, a partner who shares the first, and somebody else.

    Anna, Beat (who administers) and Fred of the partner are behind the outage; Dora's mailbox is
    on the other hop of Muster AG, Eve is of the other tenant. Carl left no private address.
    """
    muster, partner, elsewhere = (a_tenant(db, name) for name in ("Muster AG", "Partner", "Other"))
    for name, tenant, hop in (
        ("muster.example", muster, OURS), ("filiale.example", muster, OTHERS),
        ("partner.example", partner, OURS), ("elsewhere.example", elsewhere, OTHERS),
    ):  # fmt: skip
        a_domain(db, name, tenant=tenant, next_hop=hop)
    a_person(db, "anna@muster.example", ANNA)
    a_person(db, "beat@filiale.example", BEAT, Role.ADMIN)
    a_person(db, "carl@muster.example", "")
    a_person(db, "dora@filiale.example", DORA)
    a_person(db, "eve@elsewhere.example", EVE, Role.ADMIN)
    a_person(db, "fred@partner.example", FRED)
    muster.webhook_url, elsewhere.webhook_url = HOOK, f"{HOOK}/elsewhere"
    lane_id = db.scalars(select(Domain.lane_id).where(Domain.name == "muster.example")).one()
    return Customers(lane_id, muster.id, partner.id, elsewhere.id)


def a_person(db: Session, address: str, private: str, role: Role = Role.USER) -> Account:
    """Return a new account, told at a private address, that owns a new mailbox."""
    account = an_account(db, a_mailbox(db, address), role=role)
    people.set_private_address(db, account, private, by="test")
    return account


def grant(db: Session, account: Account, address: str, right: Right) -> None:
    """Let an account into the mailbox of an address."""
    mailbox = db.scalars(select(Mailbox).where(Mailbox.address == address)).one()
    accounts.grant(db, account.id, mailbox.id, right)


def begins(store: Store, lane_id: int, detail: str = "no connection") -> int:
    """Begin the outage of a lane, and return its incident's id; nobody is told yet."""
    with store.write() as db:
        kind = IncidentKind.OUTAGE
        assert incidents.begin(db, kind, str(lane_id), detail, lane_id=lane_id)
        return db.scalars(select(Incident.id).order_by(Incident.id.desc()).limit(1)).one()


def ends(store: Store, lane_id: int) -> None:
    """End the outage of a lane; nobody is told yet."""
    with store.write() as db:
        assert incidents.end(db, IncidentKind.OUTAGE, str(lane_id))


def made(store: Store, news: Told = Told.BEGAN) -> list[Notice]:
    """Return the notices of a beginning or an end, in the order of their making."""
    with store.read() as db:
        return list(db.scalars(select(Notice).where(Notice.news == news).order_by(Notice.id)))


def said_to(store: Store, news: Told = Told.BEGAN) -> Said:
    """Return whose notices there are, each as its way and its target."""
    found = [(str(each.way), each.target) for each in made(store, news)]
    assert len(found) == len(set(found))
    return set(found)


def sent(store: Store, notice: Notice) -> None:
    """Write a notice, and send it as if somebody took it."""
    with store.write() as db:
        if notices.take(db, notice.id, written=False):
            notices.write(db, notice.id, b"Subject: x\r\n\r\nx\r\n")
    with store.write() as db:
        taken = notices.take(db, notice.id, written=True)
        assert taken is not None
        notices.finish(db, taken, "250 ok", sent=True)


def take(store: Store, notice: Notice, *, written: bool = False) -> Notice | None:
    with store.write() as db:
        return notices.take(db, notice.id, written=written)


def write(store: Store, notice: Notice, content: bytes = b"x") -> None:
    with store.write() as db:
        notices.write(db, notice.id, content)
