"""Mail that is about to be sent: for ten seconds whoever wrote it can take it back."""

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore import clock
from mailstore.writing import departures, drafts
from portal.access import for_user, store
from portal.webmail import sending
from portal.webmail.place import back, carried

bp = Blueprint("leaving", __name__, url_prefix="/webmail/leaving")


def to_leaving(public_id: str) -> Response:
    """Lead to where a mail is seen that is about to be sent."""
    return redirect(url_for("leaving.show", public_id=public_id, back=carried(back())), 303)


@bp.get("/<public_id>")
@for_user
def show(public_id: str) -> str | Response:
    """Show a mail that is about to be sent, or what became of it."""
    account_id = g.visitor.account.id
    draft = departures.leaving(g.db, account_id, public_id)
    if draft is None:
        sent = sending.sent(g.db, g.scope, public_id) or abort(404)
        return redirect(url_for("webmail.look", delivery_id=sent, back=carried(back())), 303)
    if draft.place is None:
        return _to_draft(draft.id)
    fields, now = drafts.fields_of(store(), draft), clock.now()
    left = int((draft.send_at - now).total_seconds()) if draft.send_at else 0
    page = {"draft": draft, "fields": fields, "left": max(left, 0), "back": back()}
    return render_template("webmail/leaving.html", came_from=carried(back()), **page)


@bp.post("/<public_id>")
@for_user
def take_back(public_id: str) -> Response:
    """Make a mail that is about to be sent a draft again."""
    account_id = g.visitor.account.id
    if departures.leaving(g.db, account_id, public_id) is None:
        sending.sent(g.db, g.scope, public_id) or abort(404)
    with store().write() as db:
        draft_id = departures.take_back(db, account_id, public_id, by=g.visitor.name)
    if draft_id is None:
        flash(_("It was too late: the message is on its way."), "warning")
        return to_leaving(public_id)
    flash(_("The message was not sent. It is a draft again."), "success")
    return _to_draft(draft_id)


def _to_draft(draft_id: int) -> Response:
    return redirect(url_for("write.edit", draft_id=draft_id, back=carried(back())), 303)
