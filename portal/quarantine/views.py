"""The quarantine: what is held, what was refused, a look, and what is done with one mail."""

from itertools import zip_longest

from flask import Blueprint, Response, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from mailstore import heldlist, ownlists, quarantine, refusals, requests, timeline, undo
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldRight
from mailstore.heldlist import Sort
from mailstore.mailboxes import Mailbox
from portal import scanners
from portal.access import for_quarantine, store
from portal.content import reading
from portal.paging import asked_page, one_page, row_id
from portal.quarantine.place import (
    asked_place,
    back,
    back_to_next,
    carried,
    following,
    may_see,
    rights_here,
    search_for,
)
from portal.quarantine.recent import recent_box
from portal.quarantine.refusals import why

bp = Blueprint("quarantine", __name__, url_prefix="/quarantine")


@bp.get("/")
@for_quarantine
def index() -> str:
    """Show what is held, or what is held no more, as the address asks for it."""
    place = asked_place()
    search = search_for(place.wanted)
    lines, total = heldlist.listed(g.db, search, place.page, place.sort)
    found = one_page(lines, place.key)
    after_each = [each.id for each in found.items[1:]]
    return render_template(
        "quarantine/index.html",
        held=found,
        rows=zip_longest(found.items, after_each, fillvalue=0),
        total=total,
        place=place,
        sorts=Sort,
        rights=rights_here(),
        ends=timeline.ends_of(g.db, [each.id for each in found.items]) if place.wanted.over else {},
        mailboxes=_mailboxes(),
        **recent_box(place.url),
    )


@bp.get("/recent")
@for_quarantine
def recent() -> str:
    """Show what this visitor did just now; pages of people with scripts ask for it again."""
    return render_template("quarantine/recent.html", **recent_box(back()))


@bp.get("/refused")
@for_quarantine
def refused() -> str | AnyResponse:
    """Show what was refused for this person: who, when and why; nothing of it is kept."""
    if not g.visitor.may_read:
        return _to_code(url_for(".refused"))
    found = refusals.turned_away(g.db, g.scope, asked_page())
    away = one_page(found, lambda each: (each.at, each.id))
    # Who came by a link of a report has no way to the list.
    mine = ownlists.blocking(g.db, away.items) if g.visitor.account else {}
    return render_template("quarantine/refused.html", refused=away, why=why, mine=mine)


@bp.get("/<int:delivery_id>")
@for_quarantine
def look(delivery_id: int) -> str | AnyResponse:
    """Show one held mail; a device nobody knows is asked for the code first."""
    delivery = found(delivery_id)
    if not g.visitor.may_read:
        after = following() or None
        return _to_code(url_for(".look", delivery_id=delivery_id, back=carried(back()), next=after))
    return render_template(
        "quarantine/look.html",
        delivery=delivery,
        reading=reading.read(delivery.message),
        right=rights_here().to(delivery),
        kinds=ownlists.kinds_of(g.db, delivery.mailbox_id),
        held=delivery.state is State.QUARANTINED,
        asked=requests.of(g.db, [delivery_id]).get(delivery_id),
        timeline=timeline.of(g.db, delivery),
        back=back(),
        following=following(),
    )


@bp.get("/<int:delivery_id>/body")
@for_quarantine
def body(delivery_id: int) -> Response:
    """Show the HTML of a held mail in its frame."""
    return reading.body_response(_readable(delivery_id).message)


@bp.get("/<int:delivery_id>/source")
@for_quarantine
def source(delivery_id: int) -> str:
    """Show a held mail as it came, also one that cannot be shown otherwise."""
    delivery = _readable(delivery_id)
    return render_template(
        "quarantine/source.html",
        delivery=delivery,
        source=reading.source_of(delivery.message),
        back=carried(back()),
    )


@bp.post("/<int:delivery_id>/release")
@for_quarantine
def release(delivery_id: int) -> AnyResponse:
    """Send one message on to the mailbox."""
    found(delivery_id)
    may = rights_here().allow(HeldRight.DELIVER)
    with store().write() as db:
        done = quarantine.release(db, g.scope, delivery_id, by=g.visitor.name, may=may)
    if done and g.visitor.link:
        scanners.note_deed(g.visitor.link, [delivery_id], g.visitor.name)
    return _to_list(done)


@bp.post("/<int:delivery_id>/delete")
@for_quarantine
def delete(delivery_id: int) -> AnyResponse:
    """Take one message out of the list; a device nobody knows is asked for the code first."""
    found(delivery_id)
    if not g.visitor.may_read:
        return _to_code(back())
    with store().write() as db:
        done = quarantine.delete(db, g.scope, delivery_id, by=g.visitor.name)
    return _to_list(done)


@bp.post("/<int:delivery_id>/spam")
@for_quarantine
def spam(delivery_id: int) -> AnyResponse:
    """Take one message out of the list, and let the filter learn from it."""
    _readable(delivery_id)
    with store().write() as db:
        done = quarantine.delete_as_spam(db, g.scope, delivery_id, by=g.visitor.name)
    return _to_list(done)


@bp.post("/undo")
@for_quarantine
def take_back() -> AnyResponse:
    """Take back what this visitor did within the last quarter of an hour."""
    first, last = (request.form.get(name, 0, row_id) for name in ("first", "last"))
    with store().write() as db:
        count = undo.take_back(db, g.scope, g.visitor.name, first, last)
    if count:
        flash(_("That is taken back."), "success")
    else:
        flash(_("That cannot be taken back any more."), "info")
    return redirect(back(), 303)


def found(delivery_id: int) -> Delivery:
    """Return a mail that this visitor may see in the quarantine, or answer 404."""
    delivery = quarantine.look(g.db, g.scope, delivery_id)
    if delivery is None or not may_see(delivery):
        abort(404)
    return delivery


def _readable(delivery_id: int) -> Delivery:
    delivery = found(delivery_id)
    return delivery if g.visitor.may_read else abort(404)


def _mailboxes() -> list[tuple[int, str]]:
    """Return id and name of this visitor's mailboxes, where there are several."""
    ids = g.scope.mailbox_ids or ()
    if len(ids) <= 1:
        return []
    named = select(Mailbox.id, Mailbox.address).where(Mailbox.id.in_(ids))
    return [
        (each_id, address) for each_id, address in g.db.execute(named.order_by(Mailbox.address))
    ]


def _to_code(target: str) -> AnyResponse:
    return redirect(url_for("code.ask", next=target), 303)


def _to_list(done: bool) -> AnyResponse:
    """Lead back to the same place; what was done stands there, and can be taken back."""
    if not done:
        flash(_("This message is not in quarantine any more."), "info")
    return redirect(back_to_next(), 303)
