"""Where the values of a policy come from: each with what it is, and who says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.policies import CHOSEN_SCORE, PolicyRow, chain
from mailstore.policyvalues import FIELDS, Field, flat
from mailstore.tailoring import Level, holds_at, tenant_of
from mailstore.tenants import Tenant


class From(StrEnum):
    """Who says a value."""

    RECOMMENDED = "recommended"
    POLICY = "policy"
    TENANT = "tenant"
    DOMAIN = "domain"
    PERSON = "person"
    CHOSEN = "chosen"


class Origin(NamedTuple):
    """Who says a value, and its name: of a policy, a domain or a mailbox."""

    kind: From
    name: str = ""


RECOMMENDED = Origin(From.RECOMMENDED)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a value is; `own` if it is set at the very place that is looked at."""

    field: Field
    value: Any
    origin: Origin
    own: bool

    @property
    def differs(self) -> bool:
        """Whether the recommended policy says something else."""
        return bool(self.value != self.field.usual)

    @property
    def text(self) -> str:
        """The value as it is typed."""
        return self.field.kind.write(self.value)


class Step(NamedTuple):
    """What one row of a chain says, and whether it is the place that is looked at."""

    values: Mapping[str, Any]
    origin: Origin
    here: bool = False


def at(db: Session, place: Level | PolicyRow) -> dict[str, Standing]:
    """Return each value that holds at a level, or that a policy with a name has, by its name."""
    if isinstance(place, PolicyRow):
        return _standings([_step(row, None, place) for row in chain(db, place.id)])
    levels: list[Level] = [place]
    if isinstance(place, Mailbox):
        levels.append(db.get_one(Domain, place.domain_id))
    if not isinstance(place, Tenant):
        levels.append(db.get_one(Tenant, tenant_of(place)))
    by_row = {each.policy_id: each for each in reversed(levels) if each.policy_id}
    rows = chain(db, holds_at(db, place))
    return _standings([_step(row, by_row.get(row.id), place) for row in rows])


def _step(row: PolicyRow, level: Level | None, place: Level | PolicyRow) -> Step:
    values = flat(row.values)
    if row.under is None:
        kind = From.POLICY if row.tenant_id else From.RECOMMENDED
        return Step(values, Origin(kind, row.name), row is place)
    here = level is place
    match level:
        case Mailbox():
            return Step(values, Origin(From.PERSON, level.address), here)
        case Domain():
            return Step(values, Origin(From.DOMAIN, level.name), here)
        case _:
            return Step(values, Origin(From.TENANT), here)


def _standings(steps: Sequence[Step]) -> dict[str, Standing]:
    found = {name: _standing(field, steps) for name, field in FIELDS.items()}
    bounds, score = found["own_score"].value, found["quarantine_at"]
    by_person = next((each for each in steps if CHOSEN_SCORE in each.values), None)
    if bounds and by_person:
        low, high = bounds
        value = min(max(by_person.values[CHOSEN_SCORE], low), high)
        origin = Origin(From.CHOSEN, by_person.origin.name)
        found["quarantine_at"] = Standing(score.field, value, origin, by_person.here)
    return found


def _standing(field: Field, steps: Sequence[Step]) -> Standing:
    for step in steps:
        if field.name in step.values:
            return Standing(field, step.values[field.name], step.origin, step.here)
    return Standing(field, field.usual, RECOMMENDED, own=False)
