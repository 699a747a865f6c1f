"""Stopping reports without a sign-in, as mail programs do it for people (RFC 8058)."""

from flask import Blueprint, abort, g, render_template, request

from mailstore.reports import links, own
from portal.access import store
from portal.oneclick.holders import for_subscriber

bp = Blueprint("unsubscribe", __name__, url_prefix="/u")

SAYS, WANTED = "List-Unsubscribe", "One-Click"


@bp.get("/<token>")
@for_subscriber
def show(token: str) -> str:  # noqa: ARG001 (the guard read it)
    """Lead people to where they choose when reports come; opening stops nothing."""
    return render_template("oneclick/unsubscribe.html")


@bp.post("/<token>")
@for_subscriber
def act(token: str) -> str:  # noqa: ARG001 (the guard read it)
    """Stop the reports of one mailbox, where the form says exactly what RFC 8058 §3.1 asks for.

    No cookie and no other token is looked at; the link works as long as it is known, unless it was
    ended on purpose.
    """
    if request.form.get(SAYS) != WANTED:
        abort(400)
    if links.was_ended(g.db, g.link):
        abort(404)
    with store().write() as db:
        own.stop(db, g.link.mailbox_id, by="unsubscribe link of a report")
    return render_template("oneclick/unsubscribed.html")
