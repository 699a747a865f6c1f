"""Moving in: what is to be done before mail comes here, and the switch."""

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore import cutover
from mailstore.cutover import NotReady
from portal.access import for_admin, for_fresh_admin, store

bp = Blueprint("start", __name__, url_prefix="/admin/start")


@bp.get("/")
@for_admin
def index() -> str:
    """Show each step and how it stands."""
    return _page()


@bp.post("/live")
@for_fresh_admin
def live() -> str | Response | tuple[str, int]:
    """Take mail from now on."""
    try:
        with store().write() as db:
            done = cutover.go_live(db, g.tenant.id, by=g.visitor.name)
    except NotReady:
        flash(_("Something that is needed first is missing."), "warning")
        return _page(), 422
    if done:
        flash(_("Mail of %(tenant)s is taken from now on. Let your MX lead here.",
                tenant=g.tenant.name), "success")  # fmt: skip
    return redirect(url_for(".index"), 303)


@bp.post("/prepare")
@for_fresh_admin
def prepare() -> Response:
    """Take no mail for now."""
    with store().write() as db:
        done = cutover.prepare(db, g.tenant.id, by=g.visitor.name)
    if done:
        flash(_("Mail of %(tenant)s is not taken for now: senders are asked to come again later.",
                tenant=g.tenant.name), "success")  # fmt: skip
    return redirect(url_for(".index"), 303)


def _page() -> str:
    steps = {each.step.value: each for each in cutover.standing(g.db, g.tenant.id)}
    ready = not any(each.keeps for each in steps.values())
    return render_template("admin/start.html", steps=steps, ready=ready)
