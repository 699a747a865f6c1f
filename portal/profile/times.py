"""When reports come to a person: as the policy says, or as they chose where it lets them."""

from collections.abc import Sequence
from datetime import time

from babel.dates import get_day_names
from babel.lists import format_list
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore.errors import BadName
from mailstore.reports import links, own
from mailstore.reports.own import OwnReport
from mailstore.reports.times import (
    DAILY,
    LAST_OF_MONTH,
    NEVER,
    WEEKDAYS,
    WORKDAYS,
    Schedule,
    parse_times,
)
from portal.access import for_user, store

bp = Blueprint("profile_reports", __name__, url_prefix="/profile/reports")

OF_POLICY, OWN = "policy", "own"
MONTHLY = ("1", "15", str(LAST_OF_MONTH))


@bp.app_template_filter("schedule")
def schedule(found: Schedule) -> str:
    """Return a schedule as people say it: on workdays at 09:00 and 16:30."""
    times = format_list([f"{each:%H:%M}" for each in found.times], locale=get_locale())
    return str(_("%(days)s at %(times)s", days=days_shown(found.days), times=times))


def days_shown(days: str) -> str:
    """Return the days of a schedule as people say them."""
    if days in WEEKDAYS:
        names = get_day_names("wide", "format", get_locale())
        return str(_("weekly on %(day)s", day=names[WEEKDAYS.index(days)]))
    if days == str(LAST_OF_MONTH):
        return str(_("on the last day of the month"))
    if days.isdecimal():
        return str(_("monthly on day %(day)s", day=days))
    return str(_("on workdays") if days == WORKDAYS else _("daily"))


@bp.get("/")
@for_user
def index() -> str:
    """Show when reports come to each mailbox that the person owns."""
    return _page()


@bp.post("/<int:mailbox_id>")
@for_user
def act(mailbox_id: int) -> Response | tuple[str, int]:
    """Keep what a person chose for a mailbox of theirs."""
    found = _mine(mailbox_id)
    if not found.policy.report or not found.policy.report_choice:
        abort(404)
    try:
        times, days = _wished(found)
        with store().write() as db:
            own.choose(db, mailbox_id, times, days, by=g.visitor.name)
    except BadName:
        return _page(wrong=mailbox_id), 422
    if days == NEVER:
        flash(_("You get no more reports. What is held waits in the quarantine."), "success")
    else:
        flash(_("The times of your report are saved."), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/<int:mailbox_id>/now")
@for_user
def now(mailbox_id: int) -> Response:
    """Send a report of everything held, once an hour at most."""
    if not _mine(mailbox_id).policy.report:
        abort(404)
    with store().write() as db:
        begun = links.ask_now(db, mailbox_id)
    if begun:
        flash(_("A report is on its way to you."), "success")
    else:
        flash(_("A report was sent within the last hour. Please look for it in your mail."), "info")
    return redirect(url_for(".index"), 303)


def _wished(found: OwnReport) -> tuple[Sequence[time], str]:
    """Return the times and days of the form, nothing for the policy's; raises BadName."""
    how, days = request.form.get("how"), request.form.get("days", DAILY)
    if how not in (OF_POLICY, OWN, NEVER):
        raise BadName("Neither the policy's times nor own ones, nor none.")
    if how == NEVER:
        return [], NEVER
    said = [text for name in ("first", "second") if (text := request.form.get(name, "").strip())]
    # Whoever fills in fields that were empty wants these times, though the choice above stayed.
    changed = bool(said) or days != found.of_policy.days
    if how == OF_POLICY and (found.is_own or not changed):
        return [], ""
    # Who changes the days alone keeps the times.
    times = found.of_policy.times if changed and not said else parse_times(",".join(said))
    if how == OF_POLICY and (times, days) == (found.of_policy.times, found.of_policy.days):
        return [], ""
    return times, days


def _mine(mailbox_id: int) -> OwnReport:
    found = own.one_of_owner(g.db, g.visitor.account.id, mailbox_id)
    return found or abort(404)


def _page(wrong: int = 0) -> str:
    choices = (DAILY, WORKDAYS, *WEEKDAYS, *MONTHLY)
    return render_template(
        "profile/reports.html",
        own=own.of_owner(g.db, g.visitor.account.id),
        days=[(each, days_shown(each)) for each in choices],
        wrong=wrong,
    )
