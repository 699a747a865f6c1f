"""What a report link opens.

Mail scanners follow every link of a report, so GET only shows and POST acts. No token is
burnt by opening it, and pages behind quarantine and webmail links have clean addresses.
"""

from dataclasses import replace

from flask import (
    Blueprint,
    Response,
    abort,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from mailstore import quarantine, rights
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldRight
from mailstore.reports import links
from mailstore.reports.rows import Link, LinkKind
from portal import scanners
from portal.access import KNOWN_BY_LINK, LINKS, store
from portal.auth.tries import Answer
from portal.content import reading
from portal.oneclick import codes, several
from portal.oneclick.holders import for_link

bp = Blueprint("oneclick", __name__, url_prefix="/l")


@bp.get("/<token>")
@for_link
def show(token: str) -> str | AnyResponse | tuple[str, int]:
    """Show what the link is for."""
    link: Link = g.link
    if link.kind is LinkKind.SETTINGS:
        # It leads to a sign-in only, and whoever wants no more reports may do so from an old one.
        return _signed_in(url_for("profile_reports.index"))
    if g.ended:
        return render_template("oneclick/ended.html", token=token), 410
    scanners.note_opening(link, known=g.visitor.known_device)
    match link.kind:
        case LinkKind.QUARANTINE | LinkKind.WEBMAIL:
            session[LINKS] = session.get(LINKS, {}) | {link.kind.value: link.id}
            return redirect(url_for(codes.TARGETS[link.kind]), 303)
        case LinkKind.TAGGED:
            return _signed_in(url_for("webmail.look", delivery_id=link.delivery_id))
        case LinkKind.ALL:
            return several.page(token)
    delivery = _held()
    return render_template(
        "oneclick/held.html",
        token=token,
        delivery=delivery,
        held=delivery.state is State.QUARANTINED,
        right=_right_to(delivery),
        reading=reading.read(delivery.message) if g.visitor.may_read else None,
    )


@bp.get("/<token>/body")
@for_link
def body(token: str) -> Response:  # noqa: ARG001 (the guard read it)
    """Show the HTML of the held mail in its frame, on a known device."""
    if g.ended or g.link.kind is not LinkKind.HELD or not g.visitor.may_read:
        abort(404)
    return reading.body_response(_held().message)


@bp.get("/<token>/<any(allowed, blocked):listed>")
@for_link
def sender(token: str, listed: str) -> AnyResponse | tuple[str, int]:
    """Lead to where the sender is allowed or blocked, which wants a sign-in."""
    if g.link.kind is not LinkKind.HELD:
        abort(404)
    if g.ended:
        return render_template("oneclick/ended.html", token=token), 410
    scanners.note_opening(g.link, known=g.visitor.known_device)
    return _signed_in(url_for("sender.ask", delivery_id=g.link.delivery_id, listed=listed))


@bp.post("/<token>")
@for_link
def act(token: str) -> Answer:
    """Release what the link is for; an unknown device may have to type the code first."""
    link: Link = g.link
    if link.kind not in (LinkKind.HELD, LinkKind.ALL):
        abort(404)
    if g.ended:
        return render_template("oneclick/ended.html", token=token), 410
    chosen = several.chosen() if link.kind is LinkKind.ALL else [_held().id]
    device = ""
    in_doubt = chosen and not g.visitor.known_device
    if in_doubt and ("code" in request.form or scanners.suspects(link, len(chosen))):
        known = codes.prove([link]) if "code" in request.form else None
        if isinstance(known, tuple):
            return known
        if not isinstance(known, str):
            return codes.for_deed(token, chosen), 422 if "code" in request.form else 200
        device = known
        g.visitor = replace(g.visitor, known_device=True, name=KNOWN_BY_LINK)
    page = several.deliver(chosen) if link.kind is LinkKind.ALL else _deliver(link)
    return codes.remember(page, device) if device else page


@bp.post("/<token>/fresh")
@for_link
def fresh(token: str) -> str:  # noqa: ARG001 (the guard read it)
    """Send a new report to the mailbox's own address, one an hour."""
    if not g.ended and not links.is_locked(g.db, g.link.report_id):
        abort(404)
    with store().write() as db:
        links.ask_fresh(db, g.link)
    return render_template("oneclick/fresh.html")


def _deliver(link: Link) -> str:
    delivery_id = _held().id
    with store().write() as db:
        may = rights.of_scope(db, g.scope).allow(HeldRight.DELIVER)
        done = quarantine.release(db, g.scope, delivery_id, by=g.visitor.name, may=may)
    scanners.note_deed(link, [delivery_id] if done else [], g.visitor.name)
    # What the guard reads is from before the deed.
    with store().read() as g.db:
        delivery = _held()
        right = _right_to(delivery)
        return render_template("oneclick/done.html", done=done, delivery=delivery, right=right)


def _signed_in(target: str) -> AnyResponse:
    """Lead to a page of an account, by the sign-in if nobody is signed in."""
    if not current_user.is_authenticated:
        target = url_for("auth.sign_in", next=target)
    return redirect(target, 303)


def _held() -> Delivery:
    delivery = quarantine.look(g.db, g.scope, g.link.delivery_id)
    # A policy may hide by now what a report named.
    if delivery is None or _right_to(delivery) is HeldRight.HIDDEN:
        abort(404)
    return delivery


def _right_to(delivery: Delivery) -> HeldRight:
    return rights.of_scope(g.db, g.scope).to(delivery)
