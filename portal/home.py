"""A person's home: new mail, held mail, and where a mail went."""

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mailstore import copies, quarantine
from mailstore.pages import Page
from portal.access import for_anyone, for_user
from portal.auth.paths import own_path
from portal.languages import COOKIE, SPOKEN, secure_cookie

bp = Blueprint("home", __name__)
YEAR = 365 * 24 * 3600


@bp.get("/")
@for_user
def index() -> str:
    """Show the three cards."""
    newest = copies.inbox(g.db, g.scope, Page(size=5))
    return render_template(
        "home/index.html",
        newest=newest[:5],
        waiting=copies.waiting(g.db, g.scope),
        held=quarantine.count(g.db, g.scope),
    )


@bp.post("/language")
@for_anyone
def language() -> Response:
    """Remember the language that a person chose."""
    wished = request.form.get("language", "")
    if wished not in SPOKEN:
        abort(400)
    answer = redirect(own_path(request.form.get("next", "")) or url_for("home.index"), 303)
    answer.set_cookie(
        COOKIE, wished, max_age=YEAR, secure=secure_cookie(), httponly=True, samesite="Lax"
    )
    return answer
