"""Deeds for several held mails: for those that were chosen at once, for all that match later."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from mailstore import bulk, heldlist, quarantine
from mailstore.bulk import Actor, Bulk, BulkDeed
from mailstore.envelopes import HeldRight
from mailstore.pages import SIZE
from mailstore.rights import SEEN
from portal.access import for_quarantine, store
from portal.paging import row_id
from portal.quarantine.place import asked_place, back, carried, rights_here, search_for

bp = Blueprint("chosen", __name__, url_prefix="/quarantine")

FOR_MANY = (BulkDeed.RELEASE, BulkDeed.DELETE, BulkDeed.SPAM)


@bp.post("/chosen")
@for_quarantine
def act() -> Response:
    """Do the same with each mail that was chosen on a page."""
    _needs_known_device()
    # Whoever does something with several mails takes them in this order: nobody waits in a ring.
    ids, deed = sorted({*request.form.getlist("m", row_id)[:SIZE]}), _deed()
    if not ids:
        flash(_("Choose messages first."), "info")
        return redirect(back(), 303)
    _check_all_mine(ids)
    actor = Actor(g.scope, g.visitor.name, rights_here().allow(HeldRight.DELIVER))
    with store().write() as db:
        done = sum(actor.does(db, deed, each) for each in ids)
    if left := len(ids) - done:
        flash(
            ngettext(
                "%(num)d message was left as it is: it is not held any more, or only an "
                "administrator may deliver it.",
                "%(num)d messages were left as they are: they are not held any more, or only an "
                "administrator may deliver them.",
                left,
            ),
            "info",
        )
    return redirect(back(), 303)


@bp.get("/all")
@for_quarantine
def everything() -> str:
    """Ask what is to be done with all that match."""
    _needs_known_device()
    place = asked_place()
    total = heldlist.count(g.db, search_for(place.wanted))
    return render_template("quarantine/all.html", place=place, total=total)


@bp.post("/all")
@for_quarantine
def begin() -> Response:
    """Begin to do it; the worker goes on, page or no page."""
    _needs_known_device()
    place, deed = asked_place(), _deed()
    wanted = place.wanted
    if wanted.over:
        abort(400)
    account = g.visitor.account
    with store().write() as db:
        begun = bulk.begin(
            db, g.scope, wanted, deed, by=g.visitor.name, account_id=account and account.id
        )
    return redirect(url_for(".progress", bulk_id=begun, back=carried(place.url)), 303)


@bp.get("/bulk/<int:bulk_id>")
@for_quarantine
def progress(bulk_id: int) -> str:
    """Show how far it is; the page looks again by itself until it is done."""
    found = _found(bulk_id)
    fates = bulk.fates(g.db, [found]).get(bulk_id)
    return render_template("quarantine/progress.html", bulk=found, fates=fates, back=back())


@bp.post("/bulk/<int:bulk_id>/undo")
@for_quarantine
def take_back(bulk_id: int) -> Response:
    """Hold again what a bulk deed deleted."""
    found = _found(bulk_id)
    if not found.can_be_undone:
        flash(_("That cannot be taken back any more."), "info")
        return redirect(back(), 303)
    with store().write() as db:
        begun = bulk.begin_undo(db, g.scope, found, by=g.visitor.name)
    return redirect(url_for(".progress", bulk_id=begun, back=carried(back())), 303)


def _deed() -> BulkDeed:
    said = request.form.get("deed", "")
    return BulkDeed(said) if said in FOR_MANY else abort(400)


def _check_all_mine(ids: list[int]) -> None:
    """Answer 404 if any of these is not this visitor's, or may not be seen."""
    may = rights_here().allow(*SEEN)
    if quarantine.known(g.db, g.scope, ids, may=may) != set(ids):
        abort(404)


def _found(bulk_id: int) -> Bulk:
    return bulk.look(g.db, g.scope, bulk_id, g.visitor.name) or abort(404)


def _needs_known_device() -> None:
    if not g.visitor.may_read:
        abort(redirect(url_for("code.ask", next=back()), 303))
