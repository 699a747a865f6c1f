"""Relayers: networks of customers' mail servers, which send to strangers by their address alone.

An address is all that such a server proves, so a network is small and written down by the operator.
"""

from ipaddress import ip_address, ip_network

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import events
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.domains import Domain
from mailstore.errors import BadName
from mailstore.reach import Network
from mailstore.sending.submitters import Submitter

# By the version of IP: 256 addresses, or what one host has (RFC 4291 §2.5.4).
WIDEST = {4: 24, 6: 64}


class Relayer(Base):
    """A network of a tenant's mail servers."""

    __tablename__ = "relayers"

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    network: Mapped[str] = mapped_column(unique=True)


def add(db: Session, tenant_id: int, text: str, *, by: str) -> bool:
    """Let a tenant's servers in a network relay; False if they may already.

    Raises BadName for what is no network, is wider than one, or overlaps another tenant's.
    """
    network = _parsed(text)
    for each in all_of(db):
        other = ip_network(each.network)
        if each.tenant_id == tenant_id and other == network:
            return False
        if each.tenant_id != tenant_id and other.overlaps(network):
            raise BadName(f"{other} is listed for another tenant.")
    db.add(Relayer(tenant_id=tenant_id, network=str(network)))
    db.flush()
    detail = {"network": str(network)}
    events.record(db, "relayer_added", by=by, tenant_id=tenant_id, detail=detail)
    return True


def remove(db: Session, tenant_id: int, text: str, *, by: str) -> bool:
    """Let servers in a network relay no longer; False if it is not listed for the tenant."""
    network = str(_parsed(text))
    gone = delete(Relayer).where(Relayer.tenant_id == tenant_id, Relayer.network == network)
    if db.scalar(gone.returning(Relayer.id)) is None:
        return False
    detail = {"network": network}
    events.record(db, "relayer_removed", by=by, tenant_id=tenant_id, detail=detail)
    return True


def all_of(db: Session, tenant_id: int | None = None) -> list[Relayer]:
    """Return the networks of a tenant, or of all."""
    query = select(Relayer).order_by(Relayer.id)
    return list(db.scalars(query if tenant_id is None else query.filter_by(tenant_id=tenant_id)))


def at(db: Session, ip: str) -> Submitter | None:
    """Return the mail server at an address as whoever sends for its tenant; None if not listed."""
    try:
        peer = ip_address(ip)
    except ValueError:
        return None
    peer = getattr(peer, "ipv4_mapped", None) or peer
    for each in all_of(db):
        if peer in ip_network(each.network):
            theirs = select(Domain.id).where(Domain.tenant_id == each.tenant_id)
            ids = frozenset(db.scalars(theirs))
            return Submitter(each.tenant_id, f"server in {each.network}", None, ids, bounces=True)
    return None


def _parsed(text: str) -> Network:
    try:
        network = ip_network(text.strip())
    except ValueError as error:
        raise BadName(f"'{text}' is no network, such as 192.0.2.0/28.") from error
    widest = WIDEST[network.version]
    if network.prefixlen < widest:
        raise BadName(f"'{text}' is wider than /{widest}: name the servers themselves.")
    return network
