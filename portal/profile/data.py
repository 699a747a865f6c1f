"""A person's own data: all that is kept of them, as a file."""

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore import accounts
from mailstore.erasure import exports
from portal.access import for_fresh, store
from portal.content.downloads import streamed

bp = Blueprint("profile_data", __name__, url_prefix="/profile/data")


@bp.get("/")
@for_fresh
def index() -> str:
    """Show exports that are there, and how to get one."""
    return render_template(
        "profile/data.html",
        found=exports.of(g.db, g.visitor.account.id, own=True),
        to_fetch=lambda number: url_for(".fetch", export_id=number),
        has_mail=g.visitor.account.tenant_id is not None,
    )


@bp.post("/")
@for_fresh
def act() -> Response:
    """Ask for an export."""
    if g.visitor.account.tenant_id is None:
        abort(404)
    with store().write() as db:
        account = accounts.named(db, g.visitor.account.email)
        exports.ask(db, store(), account, "", by=g.visitor.name, own=True)
    flash(_("The data is being collected."), "success")
    return redirect(url_for(".index"), 303)


@bp.get("/<int:export_id>.zip")
@for_fresh
def fetch(export_id: int) -> Response:
    """Give an export as a file, which is noted."""
    found = exports.one(g.db, g.visitor.account.id, export_id, own=True) or abort(404)
    with store().write() as db:
        exports.note_fetched(db, found, by=g.visitor.name)
    return streamed(exports.content(store(), found), found.size, "my-data.zip")
