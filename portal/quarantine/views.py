"""The quarantine: what is held, what was refused, a look, and three deeds."""

from flask import Blueprint, Response, abort, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from mailstore import quarantine, refusals, senders, timeline
from mailstore.deliveries import Delivery, State
from mailstore.quarantine import SELF_SERVICE
from portal import reading
from portal.access import for_quarantine, for_user, store
from portal.paging import asked_page, listing, one_page
from portal.quarantine.refusals import why

bp = Blueprint("quarantine", __name__, url_prefix="/quarantine")


@bp.get("/")
@for_quarantine
def index() -> str:
    """Show what is held, newest first."""
    held = listing(quarantine.held(g.db, g.scope, asked_page()))
    return render_template("quarantine/index.html", held=held, releasable=SELF_SERVICE)


@bp.get("/refused")
@for_quarantine
def refused() -> str | AnyResponse:
    """Show what was refused for this person: who, when and why; nothing of it is kept."""
    if not g.visitor.may_read:
        return redirect(url_for("oneclick.code", next=url_for(".refused")), 303)
    found = refusals.turned_away(g.db, g.scope, asked_page())
    away = one_page(found, lambda each: (each.at, each.id))
    return render_template("quarantine/refused.html", refused=away, why=why)


@bp.get("/<int:delivery_id>")
@for_quarantine
def look(delivery_id: int) -> str | AnyResponse:
    """Show one held mail; a device nobody knows is asked for the code first."""
    delivery = _found(delivery_id)
    if not g.visitor.may_read:
        return redirect(
            url_for("oneclick.code", next=url_for(".look", delivery_id=delivery_id)), 303
        )
    return render_template(
        "quarantine/look.html",
        delivery=delivery,
        reading=reading.read(delivery.message),
        releasable=delivery.mail_class in SELF_SERVICE,
        held=delivery.state is State.QUARANTINED,
        timeline=timeline.of(g.db, delivery),
    )


@bp.get("/<int:delivery_id>/body")
@for_quarantine
def body(delivery_id: int) -> Response:
    """Show the HTML of a held mail in its frame."""
    delivery = _found(delivery_id)
    if not g.visitor.may_read:
        abort(404)
    return reading.body_response(delivery.message)


@bp.get("/<int:delivery_id>/source")
@for_quarantine
def source(delivery_id: int) -> str:
    """Show a held mail as it came, also one that cannot be shown otherwise."""
    delivery = _found(delivery_id)
    if not g.visitor.may_read:
        abort(404)
    return render_template(
        "quarantine/source.html", delivery=delivery, source=reading.source_of(delivery.message)
    )


@bp.post("/<int:delivery_id>/release")
@for_quarantine
def release(delivery_id: int) -> AnyResponse:
    """Send one message on to the mailbox."""
    _found(delivery_id)
    with store().write() as db:
        released = quarantine.release(
            db, g.scope, delivery_id, by=g.visitor.name, classes=SELF_SERVICE
        )
    return _to_list(released, _("The message is on its way to you."))


@bp.post("/<int:delivery_id>/delete")
@for_quarantine
def delete(delivery_id: int) -> AnyResponse:
    """Take one message out of the list."""
    _found(delivery_id)
    with store().write() as db:
        deleted = quarantine.delete(db, g.scope, delivery_id, by=g.visitor.name)
    return _to_list(deleted, _("The message is deleted."))


@bp.post("/<int:delivery_id>/allow")
@for_user
def allow(delivery_id: int) -> AnyResponse:
    """Allow the author for this mailbox, and send the message on."""
    delivery = _found(delivery_id)
    author, mailbox_id = delivery.message.author, delivery.mailbox_id
    if not author or mailbox_id is None or delivery.mail_class not in SELF_SERVICE:
        flash(_("This sender cannot be allowed."), "warning")
        return redirect(url_for(".look", delivery_id=delivery_id), 303)
    by = g.visitor.name
    with store().write() as db:
        senders.allow(db, delivery.tenant_id, mailbox_id, author, delivery_id, by=by)
        quarantine.release(db, g.scope, delivery_id, by=by, classes=SELF_SERVICE)
    _tell_allowed(author, proven=bool(senders.proof_in(delivery.symbols)))
    return redirect(url_for(".index"), 303)


def _tell_allowed(author: str, *, proven: bool) -> None:
    if proven:
        text = _(
            "%(author)s is allowed from now on, whenever the mail is proven to be theirs.",
            author=author,
        )
    else:
        text = _(
            "The message is on its way to you. %(author)s is noted, but nothing proves that they "
            "wrote it: they are allowed once you allow a message that is proven to be theirs.",
            author=author,
        )
    flash(text, "success" if proven else "warning")


def _to_list(done: bool, text: str) -> AnyResponse:
    if done:
        flash(text, "success")
    else:
        flash(_("This message is not in quarantine any more."), "info")
    return redirect(url_for(".index"), 303)


def _found(delivery_id: int) -> Delivery:
    delivery = quarantine.look(g.db, g.scope, delivery_id)
    if delivery is None:
        abort(404)
    return delivery
