"""The pages of the administration, as the rail beside them lists them, and who has them."""

from dataclasses import dataclass

from flask import g, request
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from mailstore.accounts import KEEPERS, Role

TENANT = frozenset({Role.ADMIN})
MANAGERS = TENANT | {Role.DOMAIN_ADMIN}
PEOPLE = ("people", "roles", "person_data", "boxes", "moving", "addresses")
OPERATORS = frozenset({Role.OPERATOR})


@dataclass(frozen=True, slots=True)
class Place:
    """A page, what it is called, the blueprints that belong to it, and the roles that have it."""

    endpoint: str
    text: LazyString
    blueprints: tuple[str, ...]
    roles: frozenset[Role] = TENANT

    @property
    def here(self) -> bool:
        """Whether the page that is being drawn belongs to it."""
        return request.blueprint in self.blueprints


PLACES = (
    Place("customers.index", _l("Customers"), ("customers",), OPERATORS),
    Place("start.index", _l("Moving in"), ("start",)),
    Place("delivery.index", _l("Delivery"), ("delivery",)),
    Place("domains.index", _l("Domains"), ("domains", "domain_claims", "domain_records"), MANAGERS),
    Place("requests.index", _l("Requests"), ("requests",), KEEPERS),
    Place("held.index", _l("Held mail"), ("held",), KEEPERS),
    Place("outgoing.index", _l("Outgoing"), ("outgoing", "blocked")),
    Place("people.index", _l("People"), PEOPLE, MANAGERS),
    Place("lists.index", _l("Lists"), ("lists", "list_import", "list_tidy"), MANAGERS),
    Place("policies.index", _l("Policies"), ("policies", "levels", "protected"), MANAGERS),
    Place("statistics.index", _l("Statistics"), ("statistics",)),
    Place("personal_reports.index", _l("Reports"), ("personal_reports", "domain_reports", "look")),
    Place("retention.show", _l("Retention"), ("retention",)),
)


def places() -> list[Place]:
    """Return the pages that whoever asks has, in their order."""
    return [each for each in PLACES if g.visitor.account.role in each.roles]
