"""Policies: named rows, assigned to a tenant, a domain or a person, tailored sparsely.

A policy row holds only what it sets; what it does not set comes from its parent, and at the
end from the recommended defaults. mailstore/tailoring.py assigns and tailors them.
"""

from collections.abc import Sequence
from dataclasses import fields
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore.db import Base, PrimaryKey
from mailstore.envelopes import (
    Attachments,
    HeldNotice,
    HeldRight,
    Impersonation,
    NewsletterAction,
    OwnLists,
    Policy,
    Unscanned,
)

STANDARD = "Standard with quarantine report"
WITHOUT_REPORT = "Standard without report"
RECOMMENDED: dict[str, dict[str, Any]] = {STANDARD: {}, WITHOUT_REPORT: {"report": False}}
MANDATORY = frozenset({"CMR-HDR-OE-EOL", "FORGED_SENDER_DOMAIN", "VIRUS_FOUND"})
# What lists say of one mail, and what no policy may leave out.
_NOT_SETTABLE = {"blocked", "allowed", "doubted", "untagged", "hits", "mandatory"}
_SETTABLE = {field.name for field in fields(Policy)} - _NOT_SETTABLE
# What adds up from parent to child, name by name.
SPARSE = ("weights", "rights")
_CHOICES = {
    "newsletters": NewsletterAction,
    "impersonation": Impersonation,
    "attachments": Attachments,
    "unscanned": Unscanned,
    "notice": HeldNotice,
    "own_lists": OwnLists,
}
# The score that a person chose for themselves, in the row that tailors their policy.
CHOSEN_SCORE = "chosen_score"


class Under(StrEnum):
    """What a tailored policy stands on: what holds above its level, or what was chosen for it."""

    ABOVE = "above"
    CHOSEN = "chosen"


class PolicyRow(Base):
    """A policy with a name, or with `under` what one level has otherwise than its parent.

    Without a tenant it is one of the recommended ones.
    """

    __tablename__ = "policies"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[int | None] = mapped_column(
        ForeignKey("tenants.id", ondelete="CASCADE", use_alter=True, name="fk_policies_tenant")
    )
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("policies.id"))
    name: Mapped[str]
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    under: Mapped[Under | None]


def seed(db: Session) -> None:
    """Add the recommended policies that are missing; may run again."""
    present = set(db.scalars(select(PolicyRow.name).where(PolicyRow.tenant_id.is_(None))))
    for name, values in RECOMMENDED.items():
        if name not in present:
            db.add(PolicyRow(name=name, values=values))
    db.flush()


def recommended(db: Session, name: str = STANDARD) -> PolicyRow:
    """Return a recommended policy; seed has run."""
    return db.scalars(
        select(PolicyRow).where(PolicyRow.tenant_id.is_(None), PolicyRow.name == name)
    ).one()


def chain(db: Session, policy_id: int) -> Sequence[PolicyRow]:
    """Return a policy row and its parents, the nearest first."""
    rows = [db.get_one(PolicyRow, policy_id)]
    while rows[-1].parent_id is not None:
        rows.append(db.get_one(PolicyRow, rows[-1].parent_id))
    return rows


def effective(db: Session, policy_id: int) -> Policy:
    """Return what a policy row comes to with its parents."""
    return come_to([row.values for row in chain(db, policy_id)])


def come_to(links: Sequence[dict[str, Any]]) -> Policy:
    """Return what the values of policies come to, those of the nearest first."""
    merged: dict[str, Any] = {}
    for values in reversed(links):
        sparse = {name: merged.get(name, {}) | values.get(name, {}) for name in SPARSE}
        merged |= {name: value for name, value in values.items() if name in _SETTABLE} | sparse
    for name, kind in _CHOICES.items():
        if name in merged:
            merged[name] = kind(merged[name])
    if bounds := merged.get("own_score"):
        merged["own_score"] = low, high = tuple(bounds)
        chosen = next((each[CHOSEN_SCORE] for each in links if CHOSEN_SCORE in each), None)
        if chosen is not None:
            merged["quarantine_at"] = min(max(chosen, low), high)
    rights = {name: HeldRight(right) for name, right in merged.get("rights", {}).items()}
    return Policy(mandatory=MANDATORY, **merged | {"rights": rights})
