"""Mail domains: whose they are, where their mail goes, and who is known there."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Select, literal, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import events, jobs
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.errors import NotFound


class Takes(StrEnum):
    """Which recipients a domain takes."""

    KNOWN = "known"
    ANY = "any"
    # The next hop is asked about whom we do not know.
    CALLOUT = "callout"


class Domain(Base):
    """A mail domain of a tenant."""

    __tablename__ = "domains"

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    name: Mapped[str] = mapped_column(unique=True)
    alias_of_id: Mapped[int | None] = mapped_column(ForeignKey("domains.id"))
    lane_id: Mapped[int] = mapped_column(ForeignKey("lanes.id"))
    takes: Mapped[Takes] = mapped_column(default=Takes.KNOWN)
    catch_all_id: Mapped[int | None] = mapped_column(
        ForeignKey("mailboxes.id", use_alter=True, name="fk_domains_catch_all")
    )
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("policies.id"))
    arc_seal: Mapped[bool] = mapped_column(default=False)
    held_until: Mapped[datetime | None] = mapped_column(index=True)
    imap_server: Mapped[str] = mapped_column(default="")
    imap_trusted: Mapped[bool] = mapped_column(default=True)
    imap_master: Mapped[str] = mapped_column(default="")
    imap_secret: Mapped[str] = mapped_column(default="")
    imap_sign_in: Mapped[bool] = mapped_column(default=False)


def ours(db: Session, name: str) -> bool:
    """Whether mail for this domain is for us."""
    return owner_of(db, name) is not None


def owner_of(db: Session, name: str) -> int | None:
    """Return the tenant that a domain belongs to; None if it is not ours."""
    return db.scalar(select(Domain.tenant_id).where(Domain.name == name))


def oldest(db: Session) -> str | None:
    """Return the name of the domain that was added first; None before there is any."""
    return db.scalar(select(Domain.name).order_by(Domain.id).limit(1))


def held(now: datetime) -> Select[int]:
    """Return the domains whose mail is not handed on for now, as a query."""
    return select(Domain.id).where(Domain.held_until > now)


def hold_delivery(db: Session, domain_id: int, until: datetime | None, *, by: str) -> bool:
    """Keep mail of a domain here until a moment, for planned work; None lets it go on.

    False if nothing changes.
    """
    changed = db.execute(
        update(Domain)
        .where(Domain.id == domain_id, Domain.held_until.is_distinct_from(until))
        .values(held_until=until)
        .returning(Domain.tenant_id, Domain.lane_id, Domain.name)
    ).first()
    if changed is None:
        return False
    tenant_id, lane_id, name = changed
    detail = {"domain": name, "until": until.isoformat() if until else None}
    kind = "delivery_held" if until else "delivery_resumed"
    events.record(db, kind, by=by, tenant_id=tenant_id, detail=detail)
    if until is None:
        jobs.after_commit(db, "drain", lane_id)
    return True


def named(db: Session, name: str) -> Domain:
    """Return the domain of a name; raises NotFound."""
    found = db.scalar(select(Domain).where(Domain.name == name.lower()))
    if found is None:
        raise NotFound(f"The domain '{name}' is not ours.")
    return found


def set_takes(db: Session, domain: Domain, takes: Takes, *, by: str) -> bool:
    """Say which recipients a domain takes; False if it is so already."""
    changed = db.scalar(
        update(Domain)
        .where(Domain.id == domain.id, Domain.takes != takes)
        .values(takes=takes)
        .returning(Domain.id)
        .execution_options(synchronize_session=False)
    )
    if changed is not None:
        detail = {"domain": domain.name, "takes": takes.value}
        events.record(db, "domain_takes_set", by=by, tenant_id=domain.tenant_id, detail=detail)
    return changed is not None


def set_imap(
    db: Session, domain: Domain, server: str, master: str, secret: str, *, by: str
) -> None:
    """Name the IMAP server of a domain, and whoever may sign in there for anybody.

    `secret` is the master's password, wrapped by the operator's key ring.
    """
    domain.imap_server, domain.imap_master, domain.imap_secret = server, master, secret
    domain.imap_sign_in = domain.imap_sign_in and server != ""
    detail = {"domain": domain.name, "server": server, "master": bool(master)}
    events.record(db, "imap_set", by=by, tenant_id=domain.tenant_id, detail=detail)


def set_imap_sign_in(db: Session, domain: Domain, *, on: bool, by: str) -> bool:
    """Let people sign in here with the password of their IMAP server, or not any more.

    False if it was so already, or the domain names no server.
    """
    changed = db.scalar(
        update(Domain)
        .where(Domain.id == domain.id, Domain.imap_sign_in.is_(not on))
        .where(or_(Domain.imap_server != "", literal(not on)))
        .values(imap_sign_in=on)
        .returning(Domain.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        return False
    kind = "imap_sign_in_on" if on else "imap_sign_in_off"
    detail = {"domain": domain.name}
    events.record(db, kind, by=by, tenant_id=domain.tenant_id, detail=detail)
    return True


def seals(db: Session, domain_id: int) -> bool:
    """Whether what we change for this domain gets an ARC set of ours (RFC 8617)."""
    return bool(db.scalar(select(Domain.arc_seal).where(Domain.id == domain_id)))


def set_seal(db: Session, name: str, *, on: bool, by: str) -> bool:
    """Switch our ARC sets for a domain on or off; False if it was so already, or is not ours."""
    tenant_id = db.scalar(
        update(Domain)
        .where(Domain.name == name, Domain.arc_seal.is_(not on))
        .values(arc_seal=on)
        .returning(Domain.tenant_id)
    )
    if tenant_id is None:
        return False
    kind = "arc_seal_on" if on else "arc_seal_off"
    events.record(db, kind, by=by, tenant_id=tenant_id, detail={"domain": name})
    return True


def names_of(db: Session, tenant_id: int) -> frozenset[str]:
    """Return the names of a tenant's domains."""
    return frozenset(db.scalars(select(Domain.name).where(Domain.tenant_id == tenant_id)))
