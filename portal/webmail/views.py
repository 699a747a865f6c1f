"""The emergency webmail: a list, a mail, its attachments and source, and three deeds."""

from flask import Blueprint, Response, abort, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from mailstore import copies, lessons, quarantine, senders, timeline
from mailstore.deliveries import Delivery
from mailstore.senders import Listed, Owner, Wish
from portal import reading
from portal.access import for_user, for_webmail, store
from portal.paging import asked_page, listing

bp = Blueprint("webmail", __name__, url_prefix="/webmail")


@bp.get("/")
@for_webmail
def index() -> str:
    """Show the copies of received mail, newest first."""
    _readable()
    inbox = listing(copies.inbox(g.db, g.scope, asked_page()))
    read = copies.read_marks(g.db, inbox.items)
    return render_template("webmail/index.html", inbox=inbox, read=read)


@bp.get("/m/<int:delivery_id>")
@for_webmail
def look(delivery_id: int) -> str:
    """Show one mail and what became of it."""
    delivery = _found(delivery_id)
    with store().write() as db:
        copies.mark_read(db, delivery_id)
    return render_template(
        "webmail/look.html",
        delivery=delivery,
        last=copies.last_sent(g.db, delivery),
        timeline=timeline.of(g.db, delivery),
        reported=lessons.said_spam(g.db, delivery_id),
        reading=reading.read(delivery.message, links=True),
    )


@bp.get("/m/<int:delivery_id>/body")
@for_webmail
def body(delivery_id: int) -> Response:
    """Show the HTML of a mail in its frame."""
    return reading.body_response(_found(delivery_id).message, links=True)


@bp.get("/m/<int:delivery_id>/attachments/<int:number>")
@for_webmail
def attachment(delivery_id: int, number: int) -> Response:
    """Give an attachment as a download."""
    answer = reading.attachment_response(_found(delivery_id).message, number)
    return answer or abort(404)


@bp.get("/m/<int:delivery_id>/source")
@for_webmail
def source(delivery_id: int) -> str:
    """Show the mail as it came."""
    delivery = _found(delivery_id)
    return render_template(
        "webmail/source.html", delivery=delivery, source=reading.source_of(delivery.message)
    )


@bp.get("/m/<int:delivery_id>/mail.eml")
@for_webmail
def eml(delivery_id: int) -> Response:
    """Give the mail as a file."""
    message = _found(delivery_id).message
    content = reading.whole(message)
    if content is None:
        abort(404)
    return reading.download(content, f"{message.subject or 'mail'}.eml")


@bp.post("/m/<int:delivery_id>/spam")
@for_webmail
def report_spam(delivery_id: int) -> AnyResponse:
    """Tell the filter that a mail is spam; the mail stays where it is."""
    _found(delivery_id)
    with store().write() as db:
        reported = quarantine.report_spam(db, g.scope, delivery_id, by=g.visitor.name)
    return _taught(delivery_id, reported, _("This message is reported as spam already."))


@bp.post("/m/<int:delivery_id>/ham")
@for_webmail
def report_not_spam(delivery_id: int) -> AnyResponse:
    """Tell the filter that a mail which was reported is no spam after all."""
    _found(delivery_id)
    with store().write() as db:
        reported = quarantine.report_not_spam(db, g.scope, delivery_id, by=g.visitor.name)
    return _taught(delivery_id, reported, _("This message was not reported as spam."))


@bp.post("/m/<int:delivery_id>/untag")
@for_user
def untag(delivery_id: int) -> AnyResponse:
    """Mark no more newsletters of this author in the Subject, for this mailbox."""
    delivery = _found(delivery_id)
    author, mailbox_id = delivery.message.author, delivery.mailbox_id
    if not author or mailbox_id is None:
        abort(404)
    wish = Wish(Listed.UNTAGGED, author, delivery_id=delivery_id)
    with store().write() as db:
        owner = Owner(delivery.tenant_id, mailbox_id=mailbox_id)
        senders.enter(db, owner, wish, by=g.visitor.name)
    flash(_("Newsletters of %(author)s are not marked any more.", author=author), "success")
    return redirect(url_for(".look", delivery_id=delivery_id), 303)


@bp.post("/m/<int:delivery_id>/hide")
@for_webmail
def hide(delivery_id: int) -> AnyResponse:
    """Take a mail out of the list; it is delivered all the same."""
    _found(delivery_id)
    with store().write() as db:
        copies.hide(db, g.scope, delivery_id, by=g.visitor.name)
    flash(_("The message is hidden. It is delivered all the same."), "success")
    return redirect(url_for(".index"), 303)


def _taught(delivery_id: int, done: bool, otherwise: str) -> AnyResponse:
    if done:
        flash(_("Thank you. The filter learns from this message."), "success")
    else:
        flash(otherwise, "info")
    return redirect(url_for(".look", delivery_id=delivery_id), 303)


def _readable() -> None:
    """Send the holder of a link on an unknown device to the code."""
    if not g.visitor.may_read:
        abort(redirect(url_for("oneclick.code", next=url_for(".index")), 303))


def _found(delivery_id: int) -> Delivery:
    _readable()
    delivery = copies.look(g.db, g.scope, delivery_id)
    if delivery is None:
        abort(404)
    return delivery
