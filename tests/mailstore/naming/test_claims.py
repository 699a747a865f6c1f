"""Check T03: what a tenant claims changes nothing for anybody until DNS proves it."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import Traveller

from mailstore import clock as clocks
from mailstore import mailboxes, onboarding
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.errors import BadName
from mailstore.events import Event
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox
from mailstore.naming import claims
from mailstore.naming.claims import DomainClaim
from mailstore.naming.proofs import Seen
from mailstore.onboarding import NewDomain
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import ANNA, RecordedJobs, a_domain, a_tenant

pytestmark = pytest.mark.usefixtures("clock")
HOP = "mail.thief.example:25"
# Whatever a claim of somebody else's domain can look like.
TWINS = [
    "muster.example", "MUSTER.Example", "muster.example.", "post.muster.example",
    "zürich.example", "xn--zrich-kva.example", "ZÜRICH.example",
    "zurich.example", "müster.example", "mu\u0455ter.example",
]  # fmt: skip


@pytest.fixture
def thief(store: Store, anna: Mailbox) -> Tenant:
    """Return another tenant than Anna's, which has two domains, one of them in Unicode."""
    with store.write() as db:
        a_domain(db, "zürich.example", tenant=db.get_one(Tenant, anna.tenant_id))
        return a_tenant(db, "Thief")


def claimed(store: Store, tenant_id: int, name: str, alias_of_id: int | None = None) -> DomainClaim:
    new = NewDomain(name, HOP, alias_of_id=alias_of_id)
    with store.write() as db:
        return claims.claim(db, tenant_id, new, by="eve")


def settled(store: Store, claim_id: int, seen: Seen) -> Domain | None:
    with store.write() as db:
        return claims.settle(db, claim_id, seen)


def routing(db: Session) -> list[tuple[str, int, int]]:
    found = select(Domain.name, Domain.tenant_id, Domain.lane_id).order_by(Domain.name)
    return [(name, tenant_id, lane_id) for name, tenant_id, lane_id in db.execute(found)]


def kinds(store: Store, tenant_id: int | None) -> list[str]:
    with store.read() as db:
        return list(db.scalars(select(Event.kind).filter_by(tenant_id=tenant_id)))


@pytest.mark.parametrize("name", TWINS, ids=ascii)
def test_a_claim_of_somebody_elses_domain_changes_nothing(
    store: Store, anna: Mailbox, thief: Tenant, name: str
) -> None:
    with store.read() as db:
        before = routing(db)
    noticed = kinds(store, anna.tenant_id)
    claim = claimed(store, thief.id, name)
    for seen in (Seen.NOTHING, Seen.OTHER, Seen.UNKNOWN):
        assert settled(store, claim.id, seen) is None
    with store.read() as db:
        assert routing(db) == before
        found = mailboxes.resolve(db, Address.parse(ANNA))
    assert found is not None
    assert found.mailbox_id == anna.id
    assert kinds(store, anna.tenant_id) == noticed


@pytest.mark.parametrize("name", TWINS[:3] + TWINS[4:7], ids=ascii)
def test_what_is_a_domain_here_is_given_to_nobody_even_with_proof(
    store: Store, thief: Tenant, name: str
) -> None:
    claim = claimed(store, thief.id, name)
    assert settled(store, claim.id, Seen.PROVEN) is None
    with store.read() as db:
        kept = db.get_one(DomainClaim, claim.id)
        assert (kept.seen, kept.check_at) == (Seen.TAKEN, None)
        assert not db.scalars(select(Domain).filter_by(tenant_id=thief.id)).all()
    assert kinds(store, None).count("domain_claim_of_another") == 1


@pytest.mark.parametrize("name", TWINS[7:], ids=ascii)
def test_what_only_looks_alike_is_another_domain(store: Store, thief: Tenant, name: str) -> None:
    claim = claimed(store, thief.id, name)
    domain = settled(store, claim.id, Seen.PROVEN)
    assert domain is not None
    assert domain.name == claim.name
    assert domain.name.isascii()


def test_a_proven_claim_is_a_domain_once(store: Store, thief: Tenant, jobs: RecordedJobs) -> None:
    claim = claimed(store, thief.id, "new.example")
    assert jobs.asked == [(claims.JOB, claim.id)]
    domain = settled(store, claim.id, Seen.PROVEN)
    assert settled(store, claim.id, Seen.PROVEN) is None
    assert domain is not None
    with store.read() as db:
        lane = db.get_one(Lane, domain.lane_id)
        assert db.get(DomainClaim, claim.id) is None
    assert (lane.route, lane.named_by, lane.trusted) == (HOP, thief.id, False)
    said = kinds(store, thief.id)
    assert said[-3:] == ["domain_claimed", "domain_proven", "domain_added"]


def test_two_tenants_claim_the_same_and_who_proves_it_has_it(
    store: Store, anna: Mailbox, thief: Tenant
) -> None:
    first, second = (claimed(store, each, "new.example") for each in (thief.id, anna.tenant_id))
    assert first.token != second.token
    domain = settled(store, second.id, Seen.PROVEN)
    assert domain is not None
    assert domain.tenant_id == anna.tenant_id
    assert settled(store, first.id, Seen.PROVEN) is None


def test_an_alias_stands_for_a_domain_of_the_same_tenant(
    store: Store, anna: Mailbox, thief: Tenant
) -> None:
    with pytest.raises(BadName, match="another domain of this tenant"):
        claimed(store, thief.id, "muster.test", anna.domain_id)
    claim = claimed(store, anna.tenant_id, "muster.test", anna.domain_id)
    assert settled(store, claim.id, Seen.PROVEN)
    with store.read() as db:
        found = mailboxes.resolve(db, Address.parse("anna@muster.test"))
    assert found is not None
    assert found.mailbox_id == anna.id


NO_DOMAINS = [
    "", "localhost", "10.0.0.1", "-x.example", "a b.example", "a\nb.example", "a;b.example",
    "$(id).example", "--help", "a.example|id", "`id`.example", "muster.test\0", "*.example",
    "Zu\u0308rich.example",
]  # fmt: skip


def test_what_is_no_domain_is_not_claimed(store: Store, thief: Tenant) -> None:
    for name in NO_DOMAINS:
        with pytest.raises(BadName):
            claimed(store, thief.id, name)


def test_what_is_ones_own_or_claimed_is_not_claimed_again(store: Store, anna: Mailbox) -> None:
    claimed(store, anna.tenant_id, "new.example")
    for name in ("new.example", "NEW.example.", "Muster.example", "muster.example"):
        with pytest.raises(BadName, match="already"):
            claimed(store, anna.tenant_id, name)


def test_a_claim_is_checked_by_itself_for_two_weeks_and_on_demand(
    store: Store, thief: Tenant, clock: Traveller
) -> None:
    claim = claimed(store, thief.id, "new.example")
    pauses = []
    for age in (timedelta(), timedelta(hours=2), claims.CHECKED_FOR):
        clock.move_to(claim.made_at + age)
        settled(store, claim.id, Seen.NOTHING)
        with store.read() as db:
            check_at = db.get_one(DomainClaim, claim.id).check_at
        pauses.append(check_at - clocks.now() if check_at else None)
    assert pauses == [claims.SOON, claims.LATER, None]
    with store.write() as db:
        assert not claims.ask(db, thief.id, claim.id)
    clock.shift(claims.AGAIN + timedelta(seconds=1))
    with store.write() as db:
        assert not claims.ask(db, thief.id + 1, claim.id)
        assert claims.ask(db, thief.id, claim.id)
        assert claims.due(db, clocks.now()) == [claim.id]
        assert not claims.withdraw(db, thief.id + 1, claim.id, by="eve")
        assert claims.withdraw(db, thief.id, claim.id, by="eve")


def test_the_operators_command_takes_no_twin_either(store: Store, thief: Tenant) -> None:
    with store.write() as db, pytest.raises(BadName, match="taken"):
        onboarding.take_in(db, thief.id, NewDomain("xn--zrich-kva.example", HOP), by="operator")


def test_what_two_claim_for_a_tenant_at_the_same_moment_is_claimed_once(
    store: Store, thief: Tenant
) -> None:
    def again() -> None:
        with pytest.raises(claims.Already):
            claimed(store, thief.id, "new.example")

    with ThreadPoolExecutor(1) as other:
        with store.write() as db:
            claims.claim(db, thief.id, NewDomain("new.example", HOP), by="eve")
            late = other.submit(again)
            # By then they have looked, where the database lets two write, and wait.
            wait([late], timeout=0.5)
        late.result()
