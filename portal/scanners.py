"""What tells people from mail scanners, which open links and press buttons, but type no code."""

from datetime import timedelta

from flask import current_app, g, request

from mailstore import attempts, events
from mailstore.attempts import Limit
from mailstore.reports import links, openings
from mailstore.reports.rows import Link
from mailstore.tenants import Guard, Tenant

DEED = "report_deed"
SOON = timedelta(seconds=60)
MOST_AT_ONCE, AT_ONCE = 3, timedelta(seconds=10)


def here() -> str:
    """Return the network that a request comes from."""
    return attempts.network_of(request.remote_addr or "")


def suspects(link: Link, mails: int = 1) -> bool:
    """Whether a deed to so many mails by an unknown device must wait for the report's code.

    It must where the tenant wants that always, within a minute of the report's arrival, for more
    than three mails in ten seconds, and from where links of several mailboxes were opened lately.
    """
    guard = g.db.get_one(Tenant, link.tenant_id).report_guard
    if guard is not Guard.GUARD:
        return guard is Guard.ALWAYS
    return (
        mails > MOST_AT_ONCE
        or links.arrived_within(g.db, link.report_id, SOON)
        or openings.opens_for_many(g.db, here())
        or _hurries(link, mails)
    )


def note_opening(link: Link, *, known: bool) -> None:
    """Note that a link was opened from here; what asks for its headers only opens it too."""
    with current_app.extensions["store"].write() as db:
        openings.note(db, link, place=here(), agent=request.user_agent.string, known=known)


def note_deed(link: Link, delivery_ids: list[int], by: str) -> None:
    """Note that a report's links did something, from where and by what program."""
    detail = {"address": request.remote_addr, "agent": request.user_agent.string[:200]}
    with current_app.extensions["store"].write() as db:
        links.acted(db, link.report_id, delivery_ids)
        for each in delivery_ids:
            events.record(
                db, "report_link_used", by=by, tenant_id=link.tenant_id,
                mailbox_id=link.mailbox_id, delivery_id=each, detail=detail,
            )  # fmt: skip


def _hurries(link: Link, mails: int) -> bool:
    limit = [Limit(str(link.report_id), MOST_AT_ONCE)]
    with current_app.extensions["store"].write() as db:
        tries = [attempts.begin(db, DEED, limit, window=AT_ONCE) for _ in range(mails)]
    return any(each.wait for each in tries)
