import pytest
from sqlalchemy import select

from mailstore import protection, strict
from mailstore.errors import BadName
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.factories import a_mailbox


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        a_mailbox(db, "eve@elsewhere.example")
        return a_mailbox(db)


def test_a_tenant_makes_its_own_domain_strict_and_lenient_again(
    store: Store, anna: Mailbox
) -> None:
    for deed in (strict.make_strict, strict.make_lenient):
        for expected in (True, False):
            with store.write() as db:
                done = deed(db, anna.tenant_id, "Muster.example.", by="anna")
                assert done is expected
                named = strict.strict_domains(db, anna.tenant_id)
                facts = protection.facts_of(db, anna.tenant_id)
            assert list(named) == list(facts.strict_domains)
            assert bool(named) is (deed is strict.make_strict)
    with store.read() as db:
        kinds = db.scalars(select(Event.kind).where(Event.kind.startswith("domain_"))).all()
    assert kinds[-2:] == ["domain_strict", "domain_lenient"]


@pytest.mark.parametrize(
    "name", ["elsewhere.example", "nobody.example", "sub.muster.example", "x y"]
)
def test_no_domain_of_others_can_be_made_strict(store: Store, anna: Mailbox, name: str) -> None:
    with store.write() as db, pytest.raises(BadName):
        strict.make_strict(db, anna.tenant_id, name, by="anna")
