import pytest
from sqlalchemy import select

from filter.naming.proving import check_claim
from mailstore.domains import Domain
from mailstore.naming import claims
from mailstore.naming.claims import DomainClaim
from mailstore.naming.proofs import Seen
from mailstore.onboarding import NewDomain
from mailstore.store import Store
from tests.factories import a_tenant
from tests.filter.names import FakeDNS

NEW = "zürich.example"
PLACE = ("TXT", "_mailhafen-challenge.xn--zrich-kva.example")


@pytest.fixture
def claim(store: Store, names: FakeDNS) -> DomainClaim:
    store.settings = store.settings.model_copy(update={"dns_servers": f"127.0.0.1:{names.port}"})
    with store.write() as db:
        return claims.claim(db, a_tenant(db, "Muster").id, NewDomain(NEW, "mail:25"), by="anna")


def seen(store: Store, claim: DomainClaim) -> Seen | None:
    check_claim(store, claim.id)
    with store.read() as db:
        kept = db.get(DomainClaim, claim.id)
        return kept.seen if kept else None


def test_a_claim_is_proven_by_its_record_alone(
    store: Store, names: FakeDNS, claim: DomainClaim
) -> None:
    assert seen(store, claim) is Seen.NOTHING
    names.records[PLACE] = ['"mailhafen-verification=0"', '"v=spf1 -all"']
    assert seen(store, claim) is Seen.OTHER
    names.failing = True
    assert seen(store, claim) is Seen.UNKNOWN
    names.failing = False
    names.records[PLACE].append(f'"{claim.record[:30]}" "{claim.record[30:]}"')
    assert seen(store, claim) is None
    check_claim(store, claim.id)
    with store.read() as db:
        assert db.scalars(select(Domain.name)).all() == ["xn--zrich-kva.example"]
