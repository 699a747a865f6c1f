"""Held mail of all people of a tenant: found, delivered or deleted, and read only with a reason."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailstore import disclosures, heldlist, keepers, quarantine, timeline
from mailstore.deliveries import Delivery, Direction, State
from mailstore.envelopes import MailClass
from mailstore.heldlist import LONGEST_TEXT, Search, Wanted
from mailstore.scope import Scope
from portal.access import for_keeper, store
from portal.admin.reason import ReasonForm
from portal.content import reading
from portal.paging import asked_page, one_page

bp = Blueprint("held", __name__, url_prefix="/admin/held")


@bp.get("/")
@for_keeper
def index() -> str:
    """Show what is held, the newest first."""
    args = request.args
    try:
        mail_class = MailClass(args["class"]) if args.get("class") else None
    except ValueError:
        abort(400)
    text = " ".join(args.get("q", "")[:LONGEST_TEXT].replace("\0", " ").split())
    wanted = Wanted(text, mail_class)
    search = Search(_everybody(), Delivery.direction == Direction.IN, wanted)
    found = heldlist.listed(g.db, search, asked_page())
    listing = one_page(found.lines, lambda each: (each.accepted_at, each.id))
    return render_template("admin/held_mails.html", found=listing, total=found.total, wanted=wanted)


@bp.get("/<int:delivery_id>")
@for_keeper
def look(delivery_id: int) -> str:
    """Show one held mail, and what it says to whoever said why they read it."""
    return _page(_found(delivery_id), ReasonForm())


@bp.get("/<int:delivery_id>/body")
@for_keeper
def body(delivery_id: int) -> ResponseReturnValue:
    """Show the HTML of the mail in its frame, under the same condition."""
    delivery = _found(delivery_id)
    if not disclosures.is_disclosed(g.db, delivery, by=g.visitor.name):
        abort(404)
    return reading.body_response(delivery.message)


@bp.post("/<int:delivery_id>/read")
@for_keeper
def read(delivery_id: int) -> ResponseReturnValue:
    """Note why somebody reads the mail; the page it leads to shows it."""
    delivery, form = _found(delivery_id), ReasonForm()
    if not form.validate():
        return _page(delivery, form), 422
    if delivery.state is State.QUARANTINED:
        with store().write() as db:
            disclosures.disclose(db, delivery, form.reason.data, by=g.visitor.name)
    return redirect(url_for(".look", delivery_id=delivery_id, _anchor="content"), 303)


@bp.post("/<int:delivery_id>/deliver")
@for_keeper
def deliver(delivery_id: int) -> Response:
    """Have a mail delivered, once it was scanned again; a virus stays."""

    def deed(db: Session) -> bool:
        by = g.visitor.name
        may = keepers.deliverable(db, g.tenant.id, by)
        return quarantine.release(db, _everybody(), delivery_id, by=by, may=may)

    return _act(delivery_id, deed, _("It is scanned once more, then it is on its way."))


@bp.post("/<int:delivery_id>/delete")
@for_keeper
def delete(delivery_id: int) -> Response:
    """Take a mail out of quarantine without delivering it."""

    def deed(db: Session) -> bool:
        return quarantine.delete(db, _everybody(), delivery_id, by=g.visitor.name)

    return _act(delivery_id, deed, _("The message is deleted."))


def _act(delivery_id: int, deed: Callable[[Session], bool], text: str) -> Response:
    _found(delivery_id)
    with store().write() as db:
        done = deed(db)
    if done:
        flash(text, "success")
    else:
        flash(_("This message is not held any more, or nobody may have it."), "info")
    return redirect(url_for(".index"), 303)


def _everybody() -> Scope:
    return Scope(g.tenant.id)


def _found(delivery_id: int) -> Delivery:
    delivery = quarantine.look(g.db, _everybody(), delivery_id)
    if delivery is None or delivery.direction is not Direction.IN:
        abort(404)
    return delivery


def _page(delivery: Delivery, reason: ReasonForm) -> str:
    disclosed = disclosures.is_disclosed(g.db, delivery, by=g.visitor.name)
    may = keepers.deliverable(g.db, g.tenant.id, g.visitor.name)
    return render_template(
        "admin/held_mail.html",
        delivery=delivery,
        message=delivery.message,
        timeline=timeline.of(g.db, delivery),
        held=delivery.state is State.QUARANTINED,
        deliverable=quarantine.known(g.db, _everybody(), [delivery.id], may=may) != set(),
        disclosed=disclosed,
        reading=reading.read(delivery.message) if disclosed else None,
        reason=reason,
    )
