"""When reports come to a person: at the policy's times, or their own where it lets them choose."""

from collections.abc import Sequence
from datetime import time

from babel.lists import format_list
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore import owntimes, reports
from mailstore.errors import BadName
from mailstore.owntimes import OwnReport
from mailstore.reporttimes import parse_times
from portal.access import for_user, store

bp = Blueprint("profile_reports", __name__, url_prefix="/profile/reports")

OF_POLICY, OWN = "policy", "own"


@bp.app_template_filter("clocks")
def clocks(times: Sequence[time]) -> str:
    """Return times of day as people say them: 09:00 and 16:30."""
    return format_list([f"{each:%H:%M}" for each in times], locale=get_locale())


@bp.get("/")
@for_user
def index() -> str:
    """Show when reports come to each mailbox that the person owns."""
    return _page()


@bp.post("/<int:mailbox_id>")
@for_user
def act(mailbox_id: int) -> Response | tuple[str, int]:
    """Keep the times that a person chose for a mailbox of theirs."""
    found = _mine(mailbox_id)
    if not found.policy.report or not found.policy.report_choice:
        abort(404)
    try:
        times = _wished(found)
        with store().write() as db:
            owntimes.set_times(db, mailbox_id, times, by=g.visitor.name)
    except BadName:
        return _page(wrong=mailbox_id), 422
    flash(_("The times of your report are saved."), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/<int:mailbox_id>/now")
@for_user
def now(mailbox_id: int) -> Response:
    """Send a report of everything held, once an hour at most."""
    if not _mine(mailbox_id).policy.report:
        abort(404)
    with store().write() as db:
        begun = reports.ask_now(db, mailbox_id)
    if begun:
        flash(_("A report is on its way to you."), "success")
    else:
        flash(_("A report was sent within the last hour. Please look for it in your mail."), "info")
    return redirect(url_for(".index"), 303)


def _wished(found: OwnReport) -> Sequence[time]:
    """Return the times of the form, none for the policy's; raises BadName."""
    how = request.form.get("how")
    if how not in (OF_POLICY, OWN):
        raise BadName("Neither the policy's times nor own ones.")
    said = [text for name in ("first", "second") if (text := request.form.get(name, "").strip())]
    # Whoever fills in fields that were empty wants these times, though the choice above stayed.
    if how == OF_POLICY and (found.own or not said):
        return []
    times = parse_times(",".join(said))
    return [] if how == OF_POLICY and times == found.of_policy else times


def _mine(mailbox_id: int) -> OwnReport:
    found = owntimes.one_of_owner(g.db, g.visitor.account.id, mailbox_id)
    return found or abort(404)


def _page(wrong: int = 0) -> str:
    own = owntimes.of_owner(g.db, g.visitor.account.id)
    return render_template("profile/reports.html", own=own, wrong=wrong)
