"""A person's home: new mail, held mail, and where a mail went."""

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mailstore import copies, folders, heldlist
from mailstore.accounts import Role
from mailstore.folders import Folder
from mailstore.pages import Page
from mailstore.sending import whereabouts
from portal.access import for_anyone, for_user
from portal.auth.paths import own_path
from portal.languages import SPOKEN, keep
from portal.quarantine.place import rights_here

bp = Blueprint("home", __name__)


@bp.get("/")
@for_user
def index() -> str | Response:
    """Show the three cards; an operator has no mail, but customers."""
    if g.visitor.account.role is Role.OPERATOR:
        return redirect(url_for("customers.index"), 303)
    newest = folders.listed(g.db, g.scope, Folder.INBOX, Page(size=5))
    return render_template(
        "home/index.html",
        newest=newest[:5],
        waiting=copies.waiting(g.db, g.scope),
        wanting=whereabouts.wanting(g.db, g.scope),
        held=heldlist.held(g.db, g.scope, rights_here()),
    )


@bp.post("/language")
@for_anyone
def language() -> Response:
    """Remember the language that a person chose."""
    wished = request.form.get("language", "")
    if wished not in SPOKEN:
        abort(400)
    answer = redirect(own_path(request.form.get("next", "")) or url_for("home.index"), 303)
    return keep(answer, wished)
