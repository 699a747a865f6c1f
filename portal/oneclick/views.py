"""What a report link opens.

Mail scanners follow every link of a report, so GET only shows and POST acts. No token is
burnt by opening it, and pages behind quarantine and webmail links have clean addresses.
"""

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from mailstore import attempts, devices, quarantine, reports, rights
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldRight
from mailstore.reports import Link, LinkKind
from portal.access import LINKS, Visitor, device_token, guard, link_session, store, visitor_of
from portal.auth import tries
from portal.auth.entering import with_device
from portal.auth.paths import own_path
from portal.auth.tries import Answer
from portal.content import reading
from portal.links import LinkForged

bp = Blueprint("oneclick", __name__)

TARGETS = {LinkKind.QUARANTINE: "quarantine.index", LinkKind.WEBMAIL: "webmail.index"}


def _holder() -> Visitor:
    """Open the token before any view runs: 404 for a forged one; `g.ended` for an old one."""
    try:
        token = (request.view_args or {}).get("token", "")
        link_id, _kind = current_app.extensions["links"].read(token)
    except LinkForged:
        abort(404)
    found = reports.alive(g.db, link_id)
    if found is None:
        abort(404)
    g.link, g.ended = found
    return visitor_of(g.link)


def _coder() -> Visitor:
    """Find the links that this browser opened and whose codes are asked for.

    They may be of two reports; either's code will do for its own mailbox.
    """
    found = (link_session(kind) for kind in (LinkKind.WEBMAIL, LinkKind.QUARANTINE))
    g.openers = [visitor for visitor in found if visitor]
    if not g.openers:
        abort(404)
    opener: Visitor = g.openers[0]
    return opener


for_link = guard(_holder)
for_coder = guard(_coder)


@bp.get("/l/<token>")
@for_link
def show(token: str) -> str | AnyResponse | tuple[str, int]:
    """Show what the link is for."""
    link: Link = g.link
    if g.ended:
        return render_template("oneclick/ended.html", token=token), 410
    with store().write() as db:
        reports.opened(db, link.id)
    if link.kind in TARGETS:
        session[LINKS] = session.get(LINKS, {}) | {link.kind.value: link.id}
        return redirect(url_for(TARGETS[link.kind]), 303)
    delivery = _held()
    return render_template(
        "oneclick/held.html",
        token=token,
        delivery=delivery,
        held=delivery.state is State.QUARANTINED,
        right=_right_to(delivery),
        reading=reading.read(delivery.message) if g.visitor.may_read else None,
    )


@bp.get("/l/<token>/body")
@for_link
def body(token: str) -> Response:  # noqa: ARG001 (the guard read it)
    """Show the HTML of the held mail in its frame, on a known device."""
    if g.ended or g.link.kind is not LinkKind.HELD or not g.visitor.may_read:
        abort(404)
    return reading.body_response(_held().message)


@bp.post("/l/<token>")
@for_link
def act(token: str) -> str | tuple[str, int]:
    """Release the message that the link is for."""
    link: Link = g.link
    if link.delivery_id is None:
        abort(404)
    if g.ended:
        return render_template("oneclick/ended.html", token=token), 410
    with store().write() as db:
        may = rights.of_scope(db, g.scope).allow(HeldRight.DELIVER)
        done = quarantine.release(db, g.scope, link.delivery_id, by=g.visitor.name, may=may)
    # What the guard reads is from before the deed.
    with store().read() as g.db:
        delivery = _held()
        right = _right_to(delivery)
        return render_template("oneclick/done.html", done=done, delivery=delivery, right=right)


@bp.post("/l/<token>/fresh")
@for_link
def fresh(token: str) -> str:  # noqa: ARG001 (the guard read it)
    """Send a new report to the mailbox's own address, one an hour."""
    if not g.ended:
        abort(404)
    with store().write() as db:
        reports.refresh(db, g.link)
    return render_template("oneclick/fresh.html")


@bp.get("/code")
@for_coder
def code() -> str:
    """Ask for the code that is printed in the report."""
    return render_template("oneclick/code.html", next=_next())


@bp.post("/code")
@for_coder
def know() -> Answer:
    """Make this device known if the code fits."""
    said = request.form.get("code", "")
    (begun,) = tries.begin((tries.REPORT, [tries.from_here()]))
    if begun.wait:
        return tries.too_often(begun.wait)
    links = {visitor.link.report_id: visitor.link for visitor in g.openers}
    with store().write() as db:
        fitting = [link for link in links.values() if reports.code_fits(db, link.report_id, said)]
    if not fitting:
        flash(
            _("This is not the code of the report. After six tries only a new report helps."),
            "warning",
        )
        return render_template("oneclick/code.html", next=_next()), 422
    with store().write() as db:
        device = devices.renew(db, device_token())
        known = {link.mailbox_id for link in fitting}
        devices.know(db, device, known, request.user_agent.string)
        attempts.take_back(db, begun)
    return with_device(redirect(_next(), 303), device)


def _next() -> str:
    target = own_path(request.values.get("next", ""))
    return target or url_for(TARGETS[g.visitor.link.kind])


def _held() -> Delivery:
    delivery = quarantine.look(g.db, g.scope, g.link.delivery_id)
    # A policy may hide by now what a report named.
    if delivery is None or _right_to(delivery) is HeldRight.HIDDEN:
        abort(404)
    return delivery


def _right_to(delivery: Delivery) -> HeldRight:
    return rights.of_scope(g.db, g.scope).to(delivery)
