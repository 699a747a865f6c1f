"""Next hops as tenants write them: routes that do not lead back to us."""

from sqlalchemy.orm import Session

from mailstore import onboarding
from mailstore.addresses import ascii_domain
from mailstore.errors import BadName
from mailstore.routes import SMTP_PORT, Protocol, Route
from mailstore.settings import Settings


class LeadsBack(BadName):
    """The next hop is one of our own servers, so mail would go in a circle."""


def read(db: Session, settings: Settings, text: str) -> str:
    """Return a route as it is kept; raises BadName, and LeadsBack.

    A lone name stands for port 25. What a name leads to is checked when it is connected to.
    """
    where, blank, safety = text.strip().partition(" ")
    if where and ":" not in where and "," not in where:
        where = f"{where}:{SMTP_PORT}"
    route = Route.named(f"{where}{blank}{safety}")
    ours = {settings.hostname.lower(), *settings.exchangers}
    hosts = {ascii_domain(host) or host for host, _ in route.hops}
    by_mx = route.protocol is Protocol.MX
    if hosts & ours or (by_mx and any(onboarding.owner(db, each) is not None for each in hosts)):
        raise LeadsBack(f"'{text}' leads back to us.")
    return str(route)
