import pytest
from sqlalchemy import select

from mailstore.errors import BadName
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.sending import relayers
from mailstore.store import Store
from tests.factories import a_mailbox


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        ("192.0.0.0/23", "wider than /24"),
        ("0.0.0.0/0", "wider than /24"),
        ("2001:db8::/63", "wider than /64"),
        ("192.0.2.1/28", "is no network"),
        ("mail.muster.example", "is no network"),
    ],
)
def test_a_network_is_small_and_spelled_out(
    store: Store, anna: Mailbox, network: str, sentence: str
) -> None:
    with store.write() as db, pytest.raises(BadName, match=sentence):
        relayers.add(db, anna.tenant_id, network, by="test")


@pytest.mark.parametrize(
    ("ip", "listed"),
    [
        ("192.0.2.14", True),
        ("::ffff:192.0.2.14", True),
        ("192.0.2.16", False),
        ("2001:db8::14", False),
        ("", False),
    ],
)
def test_servers_in_a_listed_network_are_their_tenants(
    store: Store, anna: Mailbox, ip: str, listed: bool
) -> None:
    with store.write() as db:
        assert relayers.add(db, anna.tenant_id, "192.0.2.0/28", by="test")
        found = relayers.at(db, ip)
    assert (found is not None) is listed
    assert found is None or (found.tenant_id, found.bounces) == (anna.tenant_id, True)


def test_no_network_is_of_two_tenants(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        other = a_mailbox(db, "eve@elsewhere.example").tenant_id
        assert relayers.add(db, anna.tenant_id, "192.0.2.0/28", by="test")
        assert not relayers.add(db, anna.tenant_id, "192.0.2.0/28", by="test")
        with pytest.raises(BadName, match="another tenant"):
            relayers.add(db, other, "192.0.2.8/32", by="test")


def test_what_is_removed_relays_no_more(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        relayers.add(db, anna.tenant_id, "192.0.2.7", by="test")
        assert relayers.remove(db, anna.tenant_id, "192.0.2.7/32", by="test")
        assert not relayers.remove(db, anna.tenant_id, "192.0.2.7/32", by="test")
        assert relayers.at(db, "192.0.2.7") is None
        kinds = db.scalars(select(Event.kind)).all()
    assert kinds[-2:] == ["relayer_added", "relayer_removed"]
