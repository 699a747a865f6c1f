"""The policies that are in force for mailboxes: the nearest of person, domain and tenant."""

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from mailstore import policies
from mailstore.domains import Domain
from mailstore.envelopes import Policy
from mailstore.mailboxes import Mailbox
from mailstore.policies import PolicyRow
from mailstore.tenants import Tenant

KNOWN = "policies in force"
# Every page of the quarantine asks this, and making the query takes longer than asking it.
_POLICIES = (
    select(Mailbox.id, PolicyRow)
    .join(Domain, Domain.id == Mailbox.domain_id)
    .join(Tenant, Tenant.id == Mailbox.tenant_id)
    .join(
        PolicyRow,
        PolicyRow.id == func.coalesce(Mailbox.policy_id, Domain.policy_id, Tenant.policy_id),
    )
    .where(Mailbox.id.in_(bindparam("mailbox_ids", expanding=True)))
)


def of_mailboxes(db: Session, mailbox_ids: Iterable[int]) -> Mapping[int, Policy]:
    """Return the policies of these mailboxes by their ids, looked up once in a transaction."""
    wanted, known = {*mailbox_ids}, _known(db)
    if missing := wanted - known.keys():
        found = db.execute(_POLICIES, {"mailbox_ids": sorted(missing)}).all()
        # Rows that are held here are not asked for again, and most mailboxes have the same policy.
        rows = {row.id: policies.effective(db, row.id) for row in {each for _, each in found}}
        known |= {mailbox_id: rows[row.id] for mailbox_id, row in found}
    return {each: known[each] for each in wanted & known.keys()}


def of_one(db: Session, mailbox_id: int) -> Policy:
    """Return the policy of one mailbox."""
    return of_mailboxes(db, [mailbox_id])[mailbox_id]


def forget(db: Session) -> None:
    """Look policies up anew: this transaction changed some."""
    db.info.pop(KNOWN, None)


def _known(db: Session) -> dict[int, Policy]:
    known: dict[int, Policy] = db.info.setdefault(KNOWN, {})
    return known
