"""What DNS says about the mail of a domain, beside what it should say."""

from flask import Blueprint, current_app, flash, g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from mailstore.accounts import Role
from mailstore.lanes import Lane
from mailstore.naming import checks
from mailstore.naming.checks import CheckKind, Task
from mailstore.naming.faults import Fault, Grade
from mailstore.naming.findings import Record
from mailstore.routes import Route
from mailstore.tenants import TenantState
from portal.access import for_fresh_admin, for_manager, store
from portal.admin.domain_words import GRADES, just_now, sentence
from portal.admin.domains import found

bp = Blueprint("domain_records", __name__, url_prefix="/admin/domains/<int:domain_id>/dns")


@bp.get("")
@for_manager
def show(domain_id: int) -> str:
    """Show each record: what to publish, what is there, and how it is mended."""
    domain = found(g.db, domain_id)
    check = checks.of_domain(g.db, domain.id, CheckKind.DNS)
    waits = g.tenant.state is not TenantState.LIVE
    found_all = check.findings if check else []
    # Whoever publishes from the top must not lead mail here before it is taken.
    findings = sorted(found_all, key=lambda each: waits and each.record is Record.MX)
    faults = {said.fault for each in findings for said in each.said}
    hops = Route.parse(g.db.get_one(Lane, domain.lane_id).route).hops
    return render_template(
        "admin/domain_dns.html",
        domain=domain,
        check=check,
        findings=findings,
        waits=waits,
        addresses=check.found.get("addresses", ()) if check else (),
        trouble=check.found.get("trouble", "") if check else "",
        all_good=bool(findings) and all(each.grade is Grade.GOOD for each in findings),
        no_keys=Fault.DKIM_NO_KEYS in faults,
        ready=Fault.DKIM_READY in faults,
        may_change=g.visitor.account.role is Role.ADMIN,
        ports=sorted({port for _, port in hops}),
        servers=current_app.extensions["settings"].exchangers,
        grades=GRADES,
        sentence=sentence,
    )


@bp.post("")
@for_manager
def look(domain_id: int) -> Response:
    """Have DNS asked again."""
    return _asked(domain_id, Task.LOOK)


@bp.post("/keys")
@for_fresh_admin
def keys(domain_id: int) -> Response:
    """Have keys made by the worker, which alone may hold them."""
    return _asked(domain_id, Task.KEYS)


@bp.post("/sign")
@for_fresh_admin
def sign(domain_id: int) -> Response:
    """Let those keys sign that DNS has."""
    return _asked(domain_id, Task.SIGN)


def _asked(domain_id: int, task: Task) -> Response:
    domain = found(g.db, domain_id)
    with store().write() as db:
        asked = checks.ask(db, domain, CheckKind.DNS, task, by=g.visitor.name)
    if asked is None:
        flash(just_now(), "info")
    return redirect(url_for(".show", domain_id=domain_id), 303)
