"""What people do with mail in the webmail: mark it, hide it, teach the filter.

Nothing of it touches the queue: hidden mail is delivered all the same.
"""

from flask import Blueprint, abort, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from mailstore import copies, marks, ownlists, quarantine, senders
from mailstore.marks import MarkDeed
from mailstore.pages import SIZE
from mailstore.senders import Listed, Owner, Wish
from portal.access import for_user, for_webmail, store
from portal.paging import row_id
from portal.webmail.place import back, carried, readable, received

bp = Blueprint("deeds", __name__, url_prefix="/webmail")

# What somebody wants of chosen mails that has an address of its own.
ELSEWHERE = {"restore": "restore.ask", "save": "files.mails"}
ON_THE_PAGE = (MarkDeed.PIN, MarkDeed.UNPIN)
MARKS = ",".join(MarkDeed)


@bp.post("/chosen")
@for_webmail
def chosen() -> Response:
    """Do the same with each mail that was chosen on a page."""
    readable()
    ids, said = sorted({*request.form.getlist("m", row_id)[:SIZE]}), request.form.get("deed", "")
    if not ids:
        flash(_("Choose messages first."), "info")
        return redirect(back(), 303)
    if not copies.are_all_in(g.db, g.scope, ids):
        abort(404)
    if said in ELSEWHERE:
        return redirect(url_for(ELSEWHERE[said], m=ids, back=carried(back())), 303)
    if said not in {*MarkDeed}:
        abort(400)
    _do(MarkDeed(said), ids)
    return redirect(back(), 303)


@bp.post(f"/m/<int:delivery_id>/<any({MARKS}):deed>")
@for_webmail
def mark(delivery_id: int, deed: str) -> Response:
    """Mark one mail; what leaves the list leads back to it."""
    received(delivery_id)
    done = MarkDeed(deed)
    _do(done, [delivery_id])
    if done in ON_THE_PAGE:
        return _to_mail(delivery_id)
    return redirect(back(), 303)


@bp.post("/m/<int:delivery_id>/spam")
@for_webmail
def report_spam(delivery_id: int) -> Response:
    """Tell the filter that a mail is spam; the mail stays where it is."""
    received(delivery_id)
    with store().write() as db:
        reported = quarantine.report_spam(db, g.scope, delivery_id, by=g.visitor.name)
    return _taught(delivery_id, reported, _("This message is reported as spam already."))


@bp.post("/m/<int:delivery_id>/ham")
@for_webmail
def report_not_spam(delivery_id: int) -> Response:
    """Tell the filter that a mail which was reported is no spam after all."""
    received(delivery_id)
    with store().write() as db:
        reported = quarantine.report_not_spam(db, g.scope, delivery_id, by=g.visitor.name)
    return _taught(delivery_id, reported, _("This message was not reported as spam."))


@bp.post("/m/<int:delivery_id>/untag")
@for_user
def untag(delivery_id: int) -> Response:
    """Mark no more newsletters of this author in the Subject, for this mailbox."""
    delivery = received(delivery_id)
    author, mailbox_id = delivery.message.author, delivery.mailbox_id
    if not author or Listed.UNTAGGED not in ownlists.kinds_of(g.db, mailbox_id):
        abort(404)
    wish = Wish(Listed.UNTAGGED, author, delivery_id=delivery_id)
    with store().write() as db:
        owner = Owner(delivery.tenant_id, mailbox_id=mailbox_id)
        senders.enter(db, owner, wish, by=g.visitor.name)
    flash(_("Newsletters of %(author)s are not marked any more.", author=author), "success")
    return _to_mail(delivery_id)


def _do(deed: MarkDeed, ids: list[int]) -> None:
    with store().write() as db:
        done = marks.do(db, g.scope, deed, ids, by=g.visitor.name)
    match deed:
        case MarkDeed.HIDE if done:
            flash(_("It lies under “Hidden” now. It is delivered all the same."), "success")
        case MarkDeed.UNHIDE if done:
            flash(_("It lies in the inbox again."), "success")
        case MarkDeed.PIN if done:
            _say_pinned(done)
        case MarkDeed.PIN:
            flash(_("Nothing more can be pinned."), "info")


def _say_pinned(done: int) -> None:
    days = g.tenant.pin_days if g.tenant else 0
    flash(
        ngettext(
            "The message is kept for %(days)d days from the day it came.",
            "%(num)d messages are kept for %(days)d days from the day they came.",
            done, days=days,
        ),
        "success",
    )  # fmt: skip


def _taught(delivery_id: int, done: bool, otherwise: str) -> Response:
    if done:
        flash(_("Thank you. The filter learns from this message."), "success")
    else:
        flash(otherwise, "info")
    return _to_mail(delivery_id)


def _to_mail(delivery_id: int) -> Response:
    place = url_for("webmail.look", delivery_id=delivery_id, back=carried(back()))
    return redirect(place, 303)
