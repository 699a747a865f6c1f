"""Policies at a level: assigned to a tenant, a domain or a mailbox, and tailored there.

What is tailored at a level is a row of its own, whose parent is the policy it stands on: one that
was chosen for the level, or whatever holds above. The latter is set anew whenever that changes.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import delete, func, select, union_all, update
from sqlalchemy.orm import Session

from mailstore import events, inforce, mailboxes, tenants
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.errors import BadName, NotFound
from mailstore.mailboxes import Mailbox
from mailstore.policies import CHOSEN_SCORE, PolicyRow, Under, effective
from mailstore.policyvalues import flat, nested, taken
from mailstore.reports import planning
from mailstore.tenants import Tenant

Level = Tenant | Domain | Mailbox
# Whoever names a policy so would hide what a level has otherwise.
TAILORED = "Tailored"


def level_of(db: Session, whom: str) -> Level:
    """Return the mailbox of an address, the domain, or the tenant of a name; raises NotFound."""
    if "@" in whom:
        mailbox = mailboxes.at(db, Address.parse(whom))
        if mailbox is None:
            raise NotFound(f"There is no mailbox '{whom}'.")
        return mailbox
    domain = db.scalar(select(Domain).where(Domain.name == whom.lower()))
    return domain or db.get_one(Tenant, tenants.named(db, whom))


def tenant_of(level: Level) -> int:
    """Return whose level it is."""
    return level.id if isinstance(level, Tenant) else level.tenant_id


def holds_at(db: Session, level: Level) -> int:
    """Return the policy that holds at a level, its own or the nearest above."""
    return level.policy_id or holds_above(db, level)


def holds_above(db: Session, level: Level) -> int:
    """Return the policy that holds at a level which has none of its own; of a tenant its own."""
    if isinstance(level, Mailbox) and (of_domain := db.get_one(Domain, level.domain_id).policy_id):
        return of_domain
    return db.get_one(Tenant, tenant_of(level)).policy_id


def tailored(db: Session, level: Level) -> PolicyRow | None:
    """Return the row of what a level has otherwise, if anything."""
    row = db.get(PolicyRow, level.policy_id) if level.policy_id else None
    return row if row is not None and row.under is not None else None


def chosen(db: Session, level: Level) -> int | None:
    """Return the policy that was chosen for a level; None if it goes by what holds above."""
    row = tailored(db, level)
    if row is None:
        return level.policy_id
    return row.parent_id if row.under is Under.CHOSEN else None


def tailor(db: Session, level: Level, values: Mapping[str, Any], *, by: str) -> int:
    """Let a policy say these values at one level, by their names; returns the tenant's id.

    Raises BadName for a value that cannot be.
    """
    row, kept = _alone(db, level), taken(values)
    present = flat(row.values) if row else {}
    if "quarantine_at" in kept:
        # Who sets it for somebody does not want what that person chose before.
        present.pop(CHOSEN_SCORE, None)
    _keep(db, level, row, present | kept)
    return _changed(db, level, {"values": kept}, by)


def untailor(db: Session, level: Level, names: Collection[str], *, by: str) -> bool:
    """Let what holds above say these values again at a level; False if it did."""
    row = _alone(db, level)
    present = flat(row.values) if row else {}
    gone = {*names, *({CHOSEN_SCORE} if "quarantine_at" in names else ())} & present.keys()
    if not gone:
        return False
    _keep(db, level, row, {name: present[name] for name in present.keys() - gone})
    _changed(db, level, {"removed": sorted(gone)}, by)
    return True


def choose_score(db: Session, mailbox: Mailbox, score: Any, *, by: str) -> bool:
    """Let a person set from which score their mail is held, None for what the policy says.

    False if the policy lets nobody choose; raises BadName for a score outside of its bounds.
    """
    row = _alone(db, mailbox)
    bounds = effective(db, holds_at(db, mailbox)).own_score
    if bounds is None:
        return False
    present = flat(row.values) if row else {}
    present.pop(CHOSEN_SCORE, None)
    if score is not None:
        found, (low, high) = taken({"quarantine_at": score})["quarantine_at"], bounds
        if not low <= found <= high:
            raise BadName(f"'{score}' is no number from {low:g} to {high:g}.")
        present[CHOSEN_SCORE] = found
    _keep(db, mailbox, row, present)
    _changed(db, mailbox, {CHOSEN_SCORE: present.get(CHOSEN_SCORE)}, by)
    return True


def assign(db: Session, level: Level, policy_id: int | None, *, by: str) -> None:
    """Choose a policy for a level, None for what holds above; what is tailored there stays.

    Raises NotFound for one that the tenant does not have, BadName for none at a tenant.
    """
    row, tenant_id = _alone(db, level), tenant_of(level)
    if policy_id is None and isinstance(level, Tenant):
        raise BadName("A tenant has a policy: choose one.")
    if policy_id is not None:
        policy_id = visible(db, tenant_id, policy_id).id
    if row is None:
        level.policy_id = policy_id
    else:
        row.parent_id = policy_id or holds_above(db, level)
        row.under = Under.ABOVE if policy_id is None else Under.CHOSEN
    db.flush()
    _changed(db, level, {"policy": policy_id}, by, kind="policy_assigned")


def visible(db: Session, tenant_id: int, policy_id: int) -> PolicyRow:
    """Return a policy with a name that a tenant has: its own or a recommended one; or NotFound."""
    row = db.get(PolicyRow, policy_id)
    if row is None or row.under is not None or row.tenant_id not in (None, tenant_id):
        raise NotFound(f"There is no policy {policy_id}.")
    return row


def alone(db: Session, tenant_id: int) -> None:
    """Let nobody else change policies of a tenant until this transaction ends."""
    # Without the key: mail that comes in meanwhile points to the row and must not wait.
    db.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True))


def _alone(db: Session, level: Level) -> PolicyRow | None:
    """Return what is tailored at a level, as nobody else changes it meanwhile."""
    alone(db, tenant_of(level))
    db.refresh(level)
    row = tailored(db, level)
    if row is not None:
        db.refresh(row)
    return row


def _keep(db: Session, level: Level, row: PolicyRow | None, values: Mapping[str, Any]) -> None:
    """Keep what a level has otherwise; nothing: the level has no row of its own any more."""
    if row is None:
        if values:
            _add(db, level, values)
    elif values:
        row.values = nested(values)
    else:
        level.policy_id = row.parent_id if row.under is Under.CHOSEN else None
        _follow(db, tenant_of(level))
        db.delete(row)
    db.flush()


def _add(db: Session, level: Level, values: Mapping[str, Any]) -> None:
    tenant_id, name = tenant_of(level), _name(level)
    # A level that is gone may have left its row, under the same name.
    row = db.scalar(select(PolicyRow).filter_by(tenant_id=tenant_id, name=name))
    if row is None:
        row = PolicyRow(tenant_id=tenant_id, name=name)
        db.add(row)
    row.values = nested(values)
    row.under = Under.ABOVE if level.policy_id is None else Under.CHOSEN
    row.parent_id = holds_at(db, level)
    db.flush()
    level.policy_id = row.id


def _changed(
    db: Session, level: Level, detail: dict[str, Any], by: str, *, kind: str = "policy_tailored"
) -> int:
    """Let what is below a level go by it, plan reports anew, and note it in the log."""
    tenant_id = tenant_of(level)
    _follow(db, tenant_id)
    inforce.forget(db)
    planning.plan_soon(db, tenant_id)
    whose = level.id if isinstance(level, Mailbox) else None
    detail = {"level": level.name if not isinstance(level, Mailbox) else level.address} | detail
    events.record(db, kind, tenant_id=tenant_id, mailbox_id=whose, by=by, detail=detail)
    return tenant_id


def _follow(db: Session, tenant_id: int) -> None:
    """Let what is tailored on whatever holds above stand on what holds there now."""
    db.flush()
    mine = PolicyRow.tenant_id == tenant_id, PolicyRow.under == Under.ABOVE
    of_tenant = select(Tenant.policy_id).where(Tenant.id == tenant_id).scalar_subquery()
    domains = select(Domain.policy_id).where(Domain.tenant_id == tenant_id)
    boxes = select(Mailbox.policy_id).join(Domain, Domain.id == Mailbox.domain_id)
    above = boxes.with_only_columns(func.coalesce(Domain.policy_id, of_tenant))
    above = above.where(Mailbox.policy_id == PolicyRow.id).limit(1)
    for theirs, holds in ((domains, of_tenant), (boxes, above.scalar_subquery())):
        using = theirs.where(Domain.tenant_id == tenant_id).correlate(None)
        db.execute(
            update(PolicyRow)
            .where(*mine, PolicyRow.id.in_(using))
            .values(parent_id=holds)
            .execution_options(synchronize_session="fetch")
        )


def drop_orphans(db: Session, tenant_id: int) -> None:
    """Delete what was tailored for domains and mailboxes that are gone."""
    _follow(db, tenant_id)
    used: Any = union_all(
        select(Tenant.policy_id).where(Tenant.id == tenant_id),
        *(
            select(each.policy_id).where(each.tenant_id == tenant_id, each.policy_id.is_not(None))
            for each in (Domain, Mailbox)
        ),
    )
    mine = PolicyRow.tenant_id == tenant_id, PolicyRow.under.is_not(None)
    db.execute(delete(PolicyRow).where(*mine, PolicyRow.id.not_in(used)))


def _name(level: Level) -> str:
    # By its number: somebody else may have its address one day.
    match level:
        case Tenant():
            return TAILORED
        case Domain():
            return f"{TAILORED} for domain {level.id}"
        case Mailbox():
            return f"{TAILORED} for mailbox {level.id}"
