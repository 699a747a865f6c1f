"""Whose rows a caller may touch; every query for a person carries one."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sqlalchemy import ColumnElement, and_, bindparam, case, false, true

if TYPE_CHECKING:
    from mailstore.deliveries import Delivery
    from mailstore.refusals import Refusal

# A query has a part for each of them.
MOST_APART = 50
# So many made queries are kept of each kind.
QUERIES = 256


class Whose(NamedTuple):
    """What tells whose a row is, computed of its columns."""

    tenant_id: Any
    mailbox_id: Any


@dataclass(frozen=True, slots=True)
class Scope:
    """A tenant (None: all of them), and within it mailboxes (None: all of them)."""

    tenant_id: int | None
    mailbox_ids: frozenset[int] | None = None

    def covers(self, rows: "type[Delivery] | type[Refusal] | Whose") -> ColumnElement[bool]:
        """Return the condition that a delivery or a refusal is in this scope."""
        tenant = true() if self.tenant_id is None else rows.tenant_id == self.tenant_id
        if self.mailbox_ids is None:
            return tenant
        # A mailbox has one tenant. Databases do not know, and would expect hardly any row of both.
        return and_(
            one_of(rows.mailbox_id, self.mailbox_ids), case((tenant, true()), else_=false())
        )

    def apart(self) -> "tuple[Scope, ...]":
        """Return a scope for each mailbox of this one where they are few, or else this one alone.

        Each mailbox has an order by age of its own: of several at once, all mail is sorted.
        """
        if self.mailbox_ids is None or not 1 < len(self.mailbox_ids) <= MOST_APART:
            return (self,)
        return tuple(Scope(self.tenant_id, frozenset({each})) for each in sorted(self.mailbox_ids))

    def prepared(self) -> "tuple[Scope, dict[str, int]]":
        """Return a scope to make a query with that is kept, and the values to ask it with.

        All scopes of one mailbox, as most people have, share one of parameters: making a query
        takes longer than asking it.
        """
        if self.tenant_id is None or self.mailbox_ids is None or len(self.mailbox_ids) != 1:
            return self, {}
        (mailbox_id,) = self.mailbox_ids
        return _PARAMETERS, {"tenant_id": self.tenant_id, "mailbox_id": mailbox_id}


def one_of(column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of these values.

    Most people have one mailbox: a list of one is spelled out anew for every question.
    """
    if len(values) == 1:
        (value,) = values
        is_it: ColumnElement[bool] = column == value
        return is_it
    among: ColumnElement[bool] = column.in_(sorted(values))
    return among


_PARAMETERS = Scope(
    cast("int", bindparam("tenant_id")), frozenset({cast("int", bindparam("mailbox_id"))})
)
NOTHING = Scope(0, frozenset())
EVERYBODY = Scope(None)
