"""Reports of people as their administrator sees them: how they come, and what became of them."""

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from mailstore import origins, people, policies, tailoring, tenants
from mailstore.addresses import Address
from mailstore.envelopes import HeldNotice
from mailstore.errors import BadAddress, BadName
from mailstore.mailboxes import Mailbox
from mailstore.reports import choosing, links, own
from mailstore.reports.times import DAILY, WEEKDAYS, WORKDAYS, parse_times
from mailstore.tenants import Guard, Tenant
from portal.access import for_admin, for_fresh_manager, for_manager, store
from portal.admin.policytexts import NOTICES
from portal.profile.times import MONTHLY, days_shown

bp = Blueprint("personal_reports", __name__, url_prefix="/admin/personal-reports")

CHOICES = ("choice", "empty", "newsletters", "refused")
GUARDS = {
    Guard.GUARD: _l("When it looks like a mail scanner (recommended)"),
    Guard.ALWAYS: _l("Always, on devices that are not known"),
    Guard.NEVER: _l("Never"),
}


@bp.get("/")
@for_admin
def index() -> str:
    """Show how reports come to the people of a tenant."""
    return _page()


@bp.post("/")
@for_admin
def act() -> Response | tuple[str, int]:
    """Tailor the tenant's policy."""
    form, tenant_id = request.form, g.tenant.id
    wanted: dict[str, Any] = {name: name in form for name in (*CHOICES, "reports")}
    times = [text for name in ("first", "second") if (text := form.get(name, "").strip())]
    wanted |= {"at": ",".join(times), "on": form.get("days", DAILY)}
    wanted["notice"] = form.get("notice", HeldNotice.OFF)
    if wanted["notice"] not in set(HeldNotice) or form.get("guard") not in set(Guard):
        abort(400)
    try:
        values = choosing.as_policy(wanted)
    except BadName:
        return _page(wrong=True), 422
    with store().write() as db:
        tenant = db.get_one(Tenant, tenant_id)
        holds = origins.at(db, tenant)
        # What stays as it is goes on to come from where it comes.
        new = {name: each for name, each in values.items() if holds[name].value != each}
        if new:
            tailoring.tailor(db, tenant, new, by=g.visitor.name)
        tenants.set_guard(db, tenant_id, Guard(form["guard"]), by=g.visitor.name)
    flash(_("The settings are saved."), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/<int:account_id>/now")
@for_manager
def now(account_id: int) -> Response:
    """Send somebody a report of everything held, once an hour at most."""
    mailbox = _mailbox(account_id)
    with store().write() as db:
        begun = links.ask_now(db, mailbox.id)
    if begun:
        flash(_("A report is on its way to %(address)s.", address=mailbox.address), "success")
    else:
        flash(_("A report was sent within the last hour."), "info")
    return redirect(url_for("people.look", account_id=account_id), 303)


@bp.post("/<int:account_id>/again")
@for_manager
def again(account_id: int) -> Response:
    """Send somebody reports again who stopped them, or whose mail program did."""
    mailbox = _mailbox(account_id)
    with store().write() as db:
        own.resume(db, mailbox.id, by=g.visitor.name)
    flash(_("The settings are saved."), "success")
    return redirect(url_for("people.look", account_id=account_id), 303)


@bp.post("/<int:account_id>/to")
@for_fresh_manager
def to(account_id: int) -> Response:
    """Send somebody's reports to another address of the tenant, or to themselves again."""
    mailbox, said = _mailbox(account_id), request.form.get("address", "").strip()
    try:
        with store().write() as db:
            address = Address.parse(said) if said else None
            choosing.send_to(db, mailbox.id, address, by=g.visitor.name)
        flash(_("The settings are saved."), "success")
    except (BadAddress, BadName):
        flash(
            _("“%(text)s” is no address of your organisation, so nothing was changed.", text=said),
            "warning",
        )
    return redirect(url_for("people.look", account_id=account_id), 303)


def _mailbox(account_id: int) -> Mailbox:
    account = people.one(g.db, g.realm, account_id) or abort(404)
    if not account.active or not people.may_change(g.db, g.realm, account):
        abort(404)
    return people.home_of(g.db, account) or abort(404)


def _page(*, wrong: bool = False) -> str:
    policy = policies.effective(g.db, g.tenant.policy_id)
    return render_template(
        "admin/personal_reports.html",
        policy=policy,
        times=[f"{each:%H:%M}" for each in parse_times(policy.report_at)],
        days=[(each, days_shown(each)) for each in (DAILY, WORKDAYS, *WEEKDAYS, *MONTHLY)],
        guards=GUARDS,
        notices=NOTICES,
        wrong=wrong,
    )
