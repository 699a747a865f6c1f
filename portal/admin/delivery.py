"""The state of delivery: where mail goes, what waits, planned work, and what nobody took."""

import base64
import secrets
from datetime import timedelta

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore import clock, domains, health, incidents, lanes, tenants
from mailstore.domains import Domain
from mailstore.errors import BadName
from mailstore.ways import SECRET_BYTES, WEBHOOK_MARK
from portal.access import for_admin, for_fresh_admin, store

bp = Blueprint("delivery", __name__, url_prefix="/admin/delivery")

HOURS = (1, 2, 4, 8, 24, 72)
PAST_DAYS = 90
MOST_LOST = 20


@bp.get("/")
@for_admin
def index() -> str:
    """Show each domain's next hop and how it is."""
    return _page()


@bp.post("/<int:domain_id>/hold")
@for_admin
def hold(domain_id: int) -> Response:
    """Keep mail here for planned work, for some hours."""
    domain, hours = _found(domain_id), request.form.get("hours", HOURS[0], int)
    if hours not in HOURS:
        abort(404)
    until = clock.now() + timedelta(hours=hours)
    with store().write() as db:
        domains.hold_delivery(db, domain.id, until, by=g.visitor.name)
    flash(_("Mail of %(domain)s stays here. People read it in the emergency webmail.",
            domain=domain.name), "success")  # fmt: skip
    return redirect(url_for(".index"), 303)


@bp.post("/<int:domain_id>/resume")
@for_admin
def resume(domain_id: int) -> Response:
    """Hand mail on again at once."""
    domain = _found(domain_id)
    with store().write() as db:
        domains.hold_delivery(db, domain.id, None, by=g.visitor.name)
    flash(_("Mail of %(domain)s is on its way.", domain=domain.name), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/<int:domain_id>/try")
@for_admin
def try_now(domain_id: int) -> Response:
    """Try a silent next hop at once."""
    domain = _found(domain_id)
    with store().write() as db:
        lanes.try_now(db, domain.lane_id)
    flash(_("We are trying to reach the mail server of %(domain)s now.", domain=domain.name),
          "success")  # fmt: skip
    return redirect(url_for(".index"), 303)


@bp.post("/webhook")
@for_fresh_admin
def webhook() -> str | Response | tuple[str, int]:
    """Tell a program of outages; the secret that signs is shown this once."""
    url, secret = request.form.get("url", "").strip(), secrets.token_bytes(SECRET_BYTES)
    wrapped = store().ring.wrap(secret)
    try:
        with store().write() as db:
            tenants.set_webhook(db, g.tenant.id, url, wrapped, by=g.visitor.name)
    except BadName:
        return _page(wrong=url), 422
    if not url:
        flash(_("No program is told of outages any more."), "success")
        return redirect(url_for(".index"), 303)
    return _page(url=url, secret=f"{WEBHOOK_MARK}{base64.b64encode(secret).decode()}")


def _page(url: str | None = None, secret: str = "", wrong: str = "") -> str:
    ways = health.ways(g.db, g.tenant.id)
    since = clock.now() - timedelta(days=PAST_DAYS)
    past = {way.domain.id: incidents.outages(g.db, way.lane.id, since) for way in ways}
    return render_template(
        "admin/delivery.html",
        ways=ways,
        past=past,
        hours=HOURS,
        lost=health.lost(g.db, g.tenant.id, MOST_LOST),
        url=wrong or (g.tenant.webhook_url if url is None else url),
        secret=secret,
        wrong=wrong,
    )


def _found(domain_id: int) -> Domain:
    domain = g.db.get(Domain, domain_id)
    if domain is None or domain.tenant_id != g.scope.tenant_id:
        abort(404)
    found: Domain = domain
    return found
