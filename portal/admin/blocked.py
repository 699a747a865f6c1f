"""Who may not send for now, because they sent more than they may; an administrator lifts that."""

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore.sending import blocks
from portal.access import for_admin, store
from portal.blocks import WHYS

bp = Blueprint("blocked", __name__, url_prefix="/admin/blocked")


@bp.get("/")
@for_admin
def index() -> str:
    """Show who is blocked, since when, until when and why."""
    found = blocks.listed(g.db, g.tenant.id)
    return render_template("admin/blocked.html", found=found, whys=WHYS)


@bp.post("/<int:block_id>/lift")
@for_admin
def lift(block_id: int) -> Response:
    """Let a sender send again."""
    if not blocks.is_of(g.db, g.tenant.id, block_id):
        abort(404)
    with store().write() as db:
        lifted = blocks.lift(db, g.tenant.id, block_id, by=g.visitor.name)
    if lifted:
        flash(_("The block is lifted. Mail can be sent again at once."), "success")
    else:
        flash(_("This block is over already."), "info")
    return redirect(url_for(".index"), 303)
