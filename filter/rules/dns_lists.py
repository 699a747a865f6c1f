"""Senders that a list in DNS names (RFC 5782): by their address, or by their domain.

Each list the operator names is a symbol of its own, `DNS_LIST:` and its zone, with the weight
from the setting; without one it weighs what is said here.
"""

from filter.rule import RULES, declared
from mailstore.wording import N_

DEFAULT_WEIGHT = 3.0
DNS_LIST = declared(
    __name__,
    "DNS_LIST",
    weight=DEFAULT_WEIGHT,
    says=N_("It comes from a sender that is on a public list of spam senders."),
)


def declare(zone: str, weight: float) -> str:
    """Return the symbol of one list, which from now on has its weight."""
    return declared(__name__, f"{DNS_LIST}:{zone}", weight=weight, says=RULES[DNS_LIST].says)
