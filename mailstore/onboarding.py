"""Bringing customers and people in: tenants, domains, mailboxes and aliases, one by one."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from mailstore import callouts, clock, devices, events, jobs, lanes, mailboxes, policies
from mailstore.addresses import Address, parse_domain, spellings
from mailstore.deliveries import Delivery, Direction, State
from mailstore.domains import Domain, Takes
from mailstore.errors import BadName, NotFound
from mailstore.mailboxes import Mailbox, MailboxAddress, MailboxKind
from mailstore.reports import planning
from mailstore.routes import Route
from mailstore.tenants import LONGEST_NAME, Tenant, check_language, check_zone
from mailstore.texts import single


@dataclass(frozen=True, slots=True)
class NewDomain:
    """A domain to add; `alias_of_id` is the domain whose people have addresses there too.

    `named_by`: who wrote the next hop, as lanes say it.
    """

    name: str
    next_hop: str
    takes: Takes = Takes.KNOWN
    alias_of_id: int | None = None
    named_by: int = lanes.OPERATOR


def add_tenant(
    db: Session, name: str, *, language: str = "de", zone: str = "Europe/Zurich", by: str
) -> Tenant:
    """Add a customer with the recommended policy, or raise BadName."""
    name = single(name, LONGEST_NAME)
    if not name:
        raise BadName("A tenant needs a name.")
    if db.scalar(select(Tenant.id).where(Tenant.name == name)):
        raise BadName(f"There is a tenant '{name}' already.")
    tenant = Tenant(
        name=name,
        language=check_language(language),
        zone=check_zone(zone),
        policy_id=policies.recommended(db).id,
    )
    db.add(tenant)
    db.flush()
    events.record(db, "tenant_added", tenant_id=tenant.id, by=by, detail={"name": name})
    return tenant


def add_domain(
    db: Session, tenant: Tenant, name: str, next_hop: str, takes: Takes, *, by: str
) -> Domain:
    """Add a domain with its next hop and its catch-all, or raise BadName."""
    return take_in(db, tenant.id, NewDomain(name, next_hop, takes), by=by)


def take_in(db: Session, tenant_id: int, new: NewDomain, *, by: str) -> Domain:
    """Add a domain that is proven to be its tenant's; raises BadName where it is taken."""
    name = parse_domain(new.name)
    if owner(db, name) is not None:
        raise BadName(f"The domain '{name}' is taken.")
    # What is left of whoever had it before must not take the mail of whoever has it now.
    db.execute(delete(MailboxAddress).where(mailboxes.is_at(name)))
    lane_id = _lane_for(db, new)
    domain = Domain(tenant_id=tenant_id, name=name, lane_id=lane_id, takes=new.takes,
                    alias_of_id=new.alias_of_id)  # fmt: skip
    db.add(domain)
    db.flush()
    domain.catch_all_id = _add_catch_all(db, tenant_id, domain).id
    events.record(db, "domain_added", tenant_id=tenant_id, by=by, detail={"name": name})
    return domain


def owner(db: Session, name: str) -> int | None:
    """Return whose domain a name is, however it is spelt; None if it is nobody's here."""
    return db.scalar(select(Domain.tenant_id).where(Domain.name.in_(sorted(spellings(name)))))


def set_next_hop(
    db: Session, domain: Domain, next_hop: str, *, by: str, named_by: int = lanes.OPERATOR
) -> None:
    """Hand a domain's mail on elsewhere from now on, what waits or is held too; or BadName."""
    route = Route.named(next_hop)
    domain.lane_id = lanes.lane_to(db, route, named_by=named_by)
    db.execute(update(Domain).filter_by(alias_of_id=domain.id).values(lane_id=domain.lane_id))
    callouts.forget(db, domain.id)
    theirs = update(Delivery).filter_by(domain_id=domain.id, direction=Direction.IN)
    now = clock.now()
    # Mail ages anew: the outages that it waited through were those of another next hop.
    waiting = {"lane_id": domain.lane_id, "queued_at": now, "next_attempt_at": now}
    for state, values in (
        (State.QUEUED, waiting),
        (State.QUARANTINED, {"lane_id": domain.lane_id}),
        (State.RELEASING, {"lane_id": domain.lane_id}),
    ):
        db.execute(
            theirs.filter_by(state=state)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
    jobs.after_commit(db, "drain", domain.lane_id)
    detail = {"domain": domain.name, "next_hop": str(route)}
    events.record(db, "next_hop_set", tenant_id=domain.tenant_id, by=by, detail=detail)


def add_mailbox(
    db: Session, tenant: Tenant, domain: Domain, address: Address, *, name: str = "", by: str
) -> Mailbox:
    """Add a person's mailbox, or raise BadName where the address is taken."""
    _check_free(db, address)
    mailbox = Mailbox(tenant_id=tenant.id, domain_id=domain.id, address=str(address), name=name)
    db.add(mailbox)
    db.flush()
    planning.plan(db, [mailbox.id])
    db.refresh(mailbox)
    _claim_address(db, mailbox, address)
    events.record(db, "mailbox_added", tenant_id=tenant.id, mailbox_id=mailbox.id, by=by)
    return mailbox


def add_alias(db: Session, mailbox: Mailbox, alias: Address, *, by: str) -> None:
    """Lead another address of its tenant to a mailbox, or raise BadName where it is taken."""
    domain = db.scalar(select(Domain).where(Domain.name == alias.domain))
    if domain is None or domain.tenant_id != mailbox.tenant_id:
        raise BadName(f"The domain '{alias.domain}' is not one of this tenant.")
    _claim_address(db, mailbox, alias)
    events.record(
        db,
        "alias_added",
        tenant_id=mailbox.tenant_id,
        mailbox_id=mailbox.id,
        by=by,
        detail={"alias": alias.key},
    )


def move_alias(db: Session, alias: Address, mailbox: Mailbox, *, by: str) -> None:
    """Lead an alias to another mailbox of its tenant; raises NotFound and BadName.

    Mail that came before stays in the mailbox it came to; links of reports to that mailbox end.
    """
    entry = db.get(MailboxAddress, alias.key)
    before = db.get_one(Mailbox, entry.mailbox_id) if entry else None
    if entry is None or before is None or before.tenant_id != mailbox.tenant_id:
        raise NotFound(f"There is no alias '{alias}' of this tenant.")
    if Address.parse(before.address).key == alias.key:
        raise BadName(f"'{alias}' is the main address of a mailbox and stays there.")
    entry.mailbox_id = mailbox.id
    devices.forget_all(db, [before.id])
    detail = {"alias": alias.key, "from": before.id}
    ids = {"tenant_id": mailbox.tenant_id, "mailbox_id": mailbox.id}
    events.record(db, "alias_moved", by=by, detail=detail, **ids)


def _lane_for(db: Session, new: NewDomain) -> int:
    """Return the lane of a domain's mail: of an alias that of the domain it stands for."""
    if new.alias_of_id is None:
        return lanes.lane_to(db, Route.named(new.next_hop), named_by=new.named_by)
    return db.get_one(Domain, new.alias_of_id).lane_id


def _add_catch_all(db: Session, tenant_id: int, domain: Domain) -> Mailbox:
    bucket = Mailbox(
        tenant_id=tenant_id,
        domain_id=domain.id,
        address=f"*@{domain.name}",
        kind=MailboxKind.CATCH_ALL,
    )
    db.add(bucket)
    db.flush()
    return bucket


def _claim_address(db: Session, mailbox: Mailbox, address: Address) -> None:
    _check_free(db, address)
    db.add(MailboxAddress(key=address.key, mailbox_id=mailbox.id))
    db.flush()


def _check_free(db: Session, address: Address) -> None:
    if db.get(MailboxAddress, address.key) is not None:
        raise BadName(f"The address '{address}' is taken.")
