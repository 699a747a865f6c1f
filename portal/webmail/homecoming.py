"""Bringing sent mail home by a password, which is asked for once and kept nowhere."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore import restoring
from mailstore.imap import Login
from mailstore.sending import bringing, homecomings, whereabouts
from portal.access import for_webmail, store
from portal.webmail.place import readable
from portal.webmail.restore import trouble_of

bp = Blueprint("homecoming", __name__, url_prefix="/webmail/homecoming")

MOST = 1000


@bp.post("/<int:mailbox_id>")
@for_webmail
def bring(mailbox_id: int) -> Response | tuple[str, int]:
    """Begin to put what was sent from a mailbox into its own folder of sent mail."""
    readable()
    if mailbox_id not in (g.scope.mailbox_ids or ()):
        abort(404)
    wanted = [each for each in whereabouts.wanting(g.db, g.scope) if each.mailbox_id == mailbox_id]
    place = restoring.place_of(g.db, store().settings, mailbox_id) if wanted else None
    if place is None:
        flash(_("There is nothing to put into your mailbox now."), "info")
        return redirect(url_for("webmail.sent"), 303)
    login = Login(place.name, request.form.get("password", ""))
    if trouble := trouble_of(place, login):
        page = render_template("webmail/homecoming.html", wanting=wanted, trouble=trouble)
        return page, 422
    with store().write() as db:
        rows = homecomings.claim_waiting(db, mailbox_id, MOST)
    if rows:
        bringing.start(store(), place.server, login, rows)
    flash(_("What you sent is on its way into your own mailbox."), "success")
    return redirect(url_for("webmail.sent"), 303)
