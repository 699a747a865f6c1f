"""Mail of a tenant's people that is held on its way out: what it is, and let go or not.

The mail itself is not shown: it is somebody else's.
"""

from collections.abc import Callable

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore.sending import heldout
from mailstore.sending.heldout import HeldOut
from portal.access import for_admin, store
from portal.paging import asked_page, one_page

bp = Blueprint("outgoing", __name__, url_prefix="/admin/outgoing")

MOST_NAMED = 3


@bp.get("/")
@for_admin
def index() -> str:
    """Show what is held, the newest first."""
    found = one_page(heldout.listed(g.db, g.tenant.id, asked_page()), _place)
    return render_template("admin/outgoing.html", found=found, most=MOST_NAMED)


@bp.post("/<int:delivery_id>/deliver")
@for_admin
def deliver(delivery_id: int) -> Response:
    """Send a mail on to all it is for, once it was scanned again."""
    return _act(delivery_id, heldout.release, _("It is scanned once more, then it is on its way."))


@bp.post("/<int:delivery_id>/delete")
@for_admin
def delete(delivery_id: int) -> Response:
    """Send a mail to nobody."""
    return _act(delivery_id, heldout.delete, _("The message is deleted. Nobody gets it."))


def _act(delivery_id: int, deed: Callable[..., int], text: str) -> Response:
    if not heldout.known(g.db, g.tenant.id, delivery_id):
        abort(404)
    with store().write() as db:
        done = deed(db, g.tenant.id, delivery_id, by=g.visitor.name)
    if done:
        flash(text, "success")
    else:
        flash(_("This message is not held any more, or nobody may have it."), "info")
    return redirect(url_for(".index"), 303)


def _place(held: HeldOut) -> tuple[object, int]:
    return held.delivery.accepted_at, held.delivery.id
