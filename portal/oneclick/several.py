"""All that a report named, on one page with boxes to tick: several are delivered by one tap."""

from collections.abc import Sequence

from flask import abort, g, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from mailstore import quarantine, rights
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldRight
from mailstore.reports import links
from mailstore.reports.rows import LinkKind
from mailstore.rights import SEEN, Rights
from portal import scanners
from portal.access import store

LONGEST_NUMBER = 19


def page(token: str) -> str:
    """Show what the report named, and what became of it."""
    granted = rights.of_scope(g.db, g.scope)
    kinds = _kinds()
    named = _still_seen(list(_open_to_visitor(kinds)), granted)
    listed = [each for each in named if kinds[each.id] is LinkKind.HELD]
    folded = [each for each in named if kinds[each.id] is LinkKind.FOLDED]
    open_ones = [each for each in named if each.state is State.QUARANTINED]
    return render_template(
        "oneclick/several.html",
        token=token,
        listed=listed,
        folded=folded,
        only_counted=len(kinds) - len(_open_to_visitor(kinds)),
        rights=granted,
        deliverable=any(granted.to(each) is HeldRight.DELIVER for each in open_ones),
    )


def chosen() -> Sequence[int]:
    """Return the ticked mails, all of them of this report; 404 for any other."""
    named = _open_to_visitor(_kinds())
    ticked = sorted(
        {
            int(each)
            for each in request.form.getlist("m")
            if each.isdecimal() and len(each) < LONGEST_NUMBER
        }
    )
    if not named.keys() >= set(ticked):
        abort(404)
    return ticked


def deliver(ids: Sequence[int]) -> str:
    """Release the ticked mails and say what became of them."""
    with store().write() as db:
        may = rights.of_scope(db, g.scope).allow(HeldRight.DELIVER)
        done = [
            each
            for each in ids
            if quarantine.release(db, g.scope, each, by=g.visitor.name, may=may)
        ]
    scanners.note_deed(g.link, done, g.visitor.name)
    return render_template("oneclick/delivered.html", done=len(done), others=len(ids) - len(done))


def _kinds() -> dict[int | None, LinkKind]:
    """Return the mails that the report named, and whether it listed or only counted them."""
    return {each.delivery_id: each.kind for each in links.of_report(g.db, g.link.report_id)}


def _open_to_visitor(kinds: dict[int | None, LinkKind]) -> dict[int | None, LinkKind]:
    """Return what may be shown: on an unknown device no more than the report said."""
    if g.visitor.may_read:
        return kinds
    return {each: kind for each, kind in kinds.items() if kind == LinkKind.HELD}


def _still_seen(ids: Sequence[int | None], granted: Rights) -> Sequence[Delivery]:
    """Return the mails in scope that no policy hides since, newest first."""
    found = g.db.scalars(
        select(Delivery)
        .join(Delivery.message)
        .options(contains_eager(Delivery.message))
        .where(Delivery.id.in_(ids), g.scope.covers(Delivery), granted.allow(*SEEN))
        .order_by(Delivery.accepted_at.desc(), Delivery.id.desc())
    )
    return list(found)
