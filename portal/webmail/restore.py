"""Getting mail back: delivered again by the mail server, or put into a folder by IMAP.

The password is asked for once and kept in memory until the last mail is in its folder.
"""

from collections.abc import Sequence

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore import attempts, bulk, copies, imap, restores, restoring
from mailstore.attempts import Limit
from mailstore.bulk import COPIES, BulkDeed
from mailstore.deliveries import Delivery, State
from mailstore.imap import Login, NoImap, SignInRefused
from mailstore.restoring import Place
from portal.access import for_webmail, store
from portal.paging import row_id
from portal.webmail.place import back, carried, readable

bp = Blueprint("restore", __name__, url_prefix="/webmail/restore")

MOST = 1000
MOST_ATTEMPTS = 5
ATTEMPT = "imap"
LONGEST_FOLDER = 100


@bp.get("/")
@for_webmail
def ask() -> str | Response:
    """Ask how the chosen mails are to come back."""
    found = _chosen(request.args.getlist("m", row_id))
    if not found:
        flash(_("Choose messages first."), "info")
        return redirect(back(), 303)
    return _page(found)


@bp.post("/deliver")
@for_webmail
def deliver() -> Response:
    """Deliver again; mail that the server has taken only if that is wished."""
    found = _chosen(request.form.getlist("m", row_id))
    last, again = copies.last_of(g.db, found), request.form.get("again") == "yes"
    wanted = [each.id for each in found if again or last[each.id].state is not State.DELIVERED]
    if not wanted:
        flash(_("There is nothing to deliver again."), "info")
        return redirect(back(), 303)
    whose = {"by": g.visitor.name, "account_id": g.visitor.account and g.visitor.account.id}
    with store().write() as db:
        begun = bulk.begin_resend(db, g.scope, wanted, **whose)
    return redirect(url_for(".resending", bulk_id=begun, back=carried(back())), 303)


@bp.get("/again/<int:bulk_id>")
@for_webmail
def resending(bulk_id: int) -> str:
    """Show how far a delivery again is; the page looks again by itself until it is done."""
    readable()
    found = bulk.look(g.db, g.scope, bulk_id, g.visitor.name)
    if found is None or found.deed is not BulkDeed.RESEND:
        abort(404)
    fates = copies.fates(g.db, g.scope, found.wanted[COPIES])
    return render_template("webmail/resending.html", bulk=found, fates=fates, back=back())


@bp.post("/folder")
@for_webmail
def folder() -> str | Response | tuple[str, int]:
    """Begin to put mail into a folder of the mailbox."""
    found = _chosen(request.form.getlist("m", row_id))
    place, name = _place(found), request.form.get("folder", "").strip()[:LONGEST_FOLDER]
    if place is None or not name:
        abort(404)
    login = Login(place.name, request.form.get("password", ""))
    if not place.has_master and (trouble := trouble_of(place, login)):
        return _page(found, trouble=trouble, folder=name), 422
    tenant_id, ids = found[0].tenant_id, [each.id for each in found]
    with store().write() as db:
        begun = restores.begin(db, tenant_id, place.mailbox_id, name, ids, by=g.visitor.name)
        if place.has_master:
            restores.leave(db, begun)
    if not place.has_master:
        restoring.start(store(), begun, login)
    return redirect(url_for(".progress", restore_id=begun, back=carried(back())), 303)


@bp.get("/<int:restore_id>")
@for_webmail
def progress(restore_id: int) -> str:
    """Show how far it is; the page looks again by itself until it is done."""
    found = restores.look(g.db, g.scope, restore_id)
    if found is None:
        abort(404)
    return render_template("webmail/progress.html", restore=found, back=back())


def trouble_of(place: Place, login: Login) -> str:
    """Return what is wrong with a password, empty if nothing is; five wrong ones, and it waits."""
    with store().write() as db:
        begun = attempts.begin(db, ATTEMPT, [Limit(place.name, MOST_ATTEMPTS)])
    if begun.wait:
        return str(_("That was wrong too often. Try again in a quarter of an hour."))
    try:
        with imap.signed_in(place.server, login):
            trouble = ""
    except SignInRefused:
        return str(_("Your mail server does not accept this password."))
    except NoImap as error:
        trouble = str(_("Your mail server cannot be used now: %(why)s", why=str(error)))
    with store().write() as db:
        attempts.take_back(db, begun)
    return trouble


def _chosen(ids: list[int]) -> Sequence[Delivery]:
    readable()
    everything = request.values.get("all") == "1"
    if not everything and not copies.are_all_in(g.db, g.scope, ids[:MOST]):
        abort(404)
    return copies.chosen(g.db, g.scope, None if everything else ids[:MOST], MOST)


def _place(found: Sequence[Delivery]) -> Place | None:
    """Return the one mailbox that all of these are of, on its own server."""
    ids = {each.mailbox_id for each in found}
    mailbox_id = ids.pop() if len(ids) == 1 else None
    if mailbox_id is None:
        return None
    return restoring.place_of(g.db, store().settings, mailbox_id)


def _page(found: Sequence[Delivery], **more: str) -> str:
    last = copies.last_of(g.db, found)
    return render_template(
        "webmail/restore.html",
        found=found,
        last=last,
        taken=sum(each.state is State.DELIVERED for each in last.values()),
        waiting=sum(each.state is State.QUEUED for each in last.values()),
        place=_place(found),
        everything=request.values.get("all") == "1",
        most=MOST,
        back=back(),
        **more,
    )
