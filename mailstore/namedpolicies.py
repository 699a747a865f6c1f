"""Policies with a name: the recommended ones, and those that a tenant makes of them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, case, func, or_, select, union_all
from sqlalchemy.orm import Session

from mailstore import events, inforce
from mailstore.domains import Domain
from mailstore.errors import BadName, NotFound
from mailstore.mailboxes import Mailbox
from mailstore.policies import PolicyRow, Under, chain
from mailstore.policyvalues import flat, nested, taken
from mailstore.reports import planning
from mailstore.tailoring import TAILORED, alone, drop_orphans, visible
from mailstore.tenants import Tenant
from mailstore.texts import single

LONGEST_NAME = 80
MOST_POLICIES = 200
MOST_USERS = 20


_LEVELS: Sequence[tuple[Any, Any]] = (
    (Tenant, Tenant.id),
    (Domain, Domain.tenant_id),
    (Mailbox, Mailbox.tenant_id),
)


class Users(NamedTuple):
    """What goes by a policy: the whole tenant, and the first names of domains, mailboxes, policies.

    `more` is how many more there are.
    """

    tenant: bool
    names: Sequence[str]
    more: int

    def __bool__(self) -> bool:
        return self.tenant or bool(self.names)


class InUse(BadName):
    """A policy cannot be deleted while something goes by it."""

    def __init__(self, users: Users) -> None:
        self.users = users
        named = [*(("the tenant",) if users.tenant else ()), *users.names]
        more = f" and {users.more} more" if users.more else ""
        super().__init__(f"The policy is used by {', '.join(named)}{more}.")


def listed(db: Session, tenant_id: int) -> Sequence[PolicyRow]:
    """Return the policies that a tenant may choose, the recommended ones first."""
    theirs = or_(PolicyRow.tenant_id.is_(None), PolicyRow.tenant_id == tenant_id)
    own = PolicyRow.tenant_id.is_not(None)
    found = select(PolicyRow).where(theirs, PolicyRow.under.is_(None))
    return db.scalars(found.order_by(own, func.lower(PolicyRow.name), PolicyRow.id)).all()


def found(db: Session, policy_id: int) -> PolicyRow:
    """Return a policy with a name, whoever has it; or NotFound."""
    row = db.get(PolicyRow, policy_id)
    return visible(db, (row.tenant_id if row else None) or 0, policy_id)


def own(db: Session, tenant_id: int, policy_id: int) -> PolicyRow:
    """Return a policy that a tenant may change, which nobody else does meanwhile; or NotFound."""
    alone(db, tenant_id)
    row = visible(db, tenant_id, policy_id)
    if row.tenant_id is None:
        raise NotFound("A recommended policy stays as it is; copy it.")
    db.refresh(row)
    return row


def copy(db: Session, tenant_id: int, policy_id: int, name: str, *, by: str) -> PolicyRow:
    """Make a policy of a tenant's own that says what another does; or NotFound, BadName.

    It stands by itself: what becomes of the other one later does not change it.
    """
    alone(db, tenant_id)
    source = visible(db, tenant_id, policy_id)
    if len(listed(db, tenant_id)) >= MOST_POLICIES:
        raise BadName(f"A tenant has {MOST_POLICIES} policies at most.")
    values: dict[str, Any] = {}
    for each in reversed(chain(db, source.id)):
        values |= flat(each.values)
    made = PolicyRow(
        tenant_id=tenant_id, name=_free(db, tenant_id, name), values=nested(values), under=None
    )
    db.add(made)
    db.flush()
    _note(db, "policy_made", made, by, of=source.name)
    return made


def rename(db: Session, tenant_id: int, policy_id: int, name: str, *, by: str) -> None:
    """Call a policy of a tenant's own something else; or NotFound, BadName."""
    row = own(db, tenant_id, policy_id)
    before, row.name = row.name, _free(db, tenant_id, name, but=row.id)
    db.flush()
    _note(db, "policy_renamed", row, by, before=before)


def change(
    db: Session, tenant_id: int, policy_id: int, values: Mapping[str, Any], *, by: str
) -> None:
    """Let a policy of a tenant's own say these values, by their names; or NotFound, BadName."""
    row, kept = own(db, tenant_id, policy_id), taken(values)
    row.values = nested(flat(row.values) | kept)
    _changed(db, row, by, values=kept)


def reset(db: Session, tenant_id: int, policy_id: int, names: Collection[str], *, by: str) -> bool:
    """Let a policy say what the recommended one does; False if it did, or NotFound."""
    row = own(db, tenant_id, policy_id)
    present = flat(row.values)
    gone = present.keys() & {*names}
    if not gone:
        return False
    row.values = nested({name: present[name] for name in present.keys() - gone})
    _changed(db, row, by, removed=sorted(gone))
    return True


def delete(db: Session, tenant_id: int, policy_id: int, *, by: str) -> None:
    """Delete a policy of a tenant's own; or NotFound, InUse while something goes by it."""
    row = own(db, tenant_id, policy_id)
    if users := users_of(db, tenant_id, policy_id):
        raise InUse(users)
    drop_orphans(db, tenant_id)
    _note(db, "policy_deleted", row, by, values=row.values)
    db.delete(row)
    db.flush()


def users_of(db: Session, tenant_id: int, policy_id: int) -> Users:
    """Return what of a tenant goes by a policy: as it is, or with something tailored on it."""
    its = select(Tenant.id).where(Tenant.id == tenant_id, _using(Tenant, policy_id))
    domains = Domain.tenant_id == tenant_id, _using(Domain, policy_id)
    boxes = Mailbox.tenant_id == tenant_id, _using(Mailbox, policy_id)
    child = PolicyRow.parent_id == policy_id, PolicyRow.under.is_(None)
    found = [
        db.scalars(select(name).where(*theirs).order_by(name)).all()
        for name, theirs in (
            (Domain.name, domains),
            (Mailbox.address, boxes),
            (PolicyRow.name, (*child, PolicyRow.tenant_id == tenant_id)),
        )
    ]
    names = [each for some in found for each in some]
    tenant = db.scalar(its) is not None
    return Users(tenant, names[:MOST_USERS], len(names[MOST_USERS:]))


def counts(db: Session, tenant_id: int) -> dict[int, int]:
    """Return how many levels of a tenant go by each policy of their choice, by its id."""
    chosen = case((PolicyRow.under.is_(None), PolicyRow.id), else_=PolicyRow.parent_id)
    levels = (
        select(chosen.label("policy_id"))
        .join(level, level.policy_id == PolicyRow.id)
        .where(mine == tenant_id, PolicyRow.under.is_distinct_from(Under.ABOVE))
        for level, mine in _LEVELS
    )
    used = union_all(*levels).subquery()
    counted = select(used.c.policy_id, func.count()).group_by(used.c.policy_id)
    return {policy_id: number for policy_id, number in db.execute(counted)}


def check_name(name: str) -> str:
    """Return a name that a policy can have, or raise BadName."""
    found = single(name, LONGEST_NAME)
    if not found or found.startswith(TAILORED):
        raise BadName(f"A policy needs a name, which does not begin with '{TAILORED}'.")
    return found


def _free(db: Session, tenant_id: int, name: str, *, but: int = 0) -> str:
    found = check_name(name)
    if any(each.name == found and each.id != but for each in listed(db, tenant_id)):
        raise BadName(f"There is a policy '{found}' already.")
    return found


def _using(level: Any, policy_id: int) -> ColumnElement[bool]:
    """Return the condition that a level goes by a policy of its own choice."""
    on_it = select(PolicyRow.id).where(
        PolicyRow.parent_id == policy_id, PolicyRow.under == Under.CHOSEN
    )
    return or_(level.policy_id == policy_id, level.policy_id.in_(on_it))


def _changed(db: Session, row: PolicyRow, by: str, **detail: Any) -> None:
    db.flush()
    inforce.forget(db)
    if row.tenant_id is not None:
        planning.plan_soon(db, row.tenant_id)
    _note(db, "policy_changed", row, by, **detail)


def _note(db: Session, kind: str, row: PolicyRow, by: str, **detail: Any) -> None:
    detail = {"policy": row.id, "name": row.name} | detail
    events.record(db, kind, tenant_id=row.tenant_id, by=by, detail=detail)
