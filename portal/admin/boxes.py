"""Mailboxes: their names and addresses, off and on; a list of those that nobody signs in for."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailstore import mailboxes
from mailstore.addresses import Address
from mailstore.errors import BadAddress, BadName
from mailstore.mailboxes import Mailbox
from mailstore.moving import deeds, exporting
from mailstore.moving.clashes import said
from mailstore.moving.wishes import Clash, Trouble
from portal.access import for_fresh_manager, for_manager, store
from portal.auth.paths import own_path
from portal.paging import asked_page, one_page

bp = Blueprint("boxes", __name__, url_prefix="/admin/mailboxes")

LONGEST_SEARCH = 100


@bp.get("/")
@for_manager
def index() -> str:
    """List the mailboxes that nobody has an account for: shared ones, and people without."""
    search = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    found = exporting.without_account(g.db, g.realm, search, asked_page(str))
    listing = one_page(found, lambda each: (each.address, each.id))
    return render_template("admin/mailboxes.html", listing=listing, search=search)


@bp.get("/<int:mailbox_id>")
@for_manager
def look(mailbox_id: int) -> str:
    """Show one mailbox and what can be changed."""
    box = _found(g.db, mailbox_id)
    addresses = mailboxes.addresses_of(g.db, box.id)
    owner = deeds.owner_of(g.db, box)
    return render_template("admin/mailbox.html", home=box, addresses=addresses, owner=owner)


@bp.post("/<int:mailbox_id>/name")
@for_manager
def name(mailbox_id: int) -> Response:
    """Give a mailbox another name."""

    def deed(db: Session, box: Mailbox) -> str:
        try:
            deeds.rename(db, box, request.form.get("name", ""), by=g.visitor.name)
        except BadName:
            return str(_("The name is too long, or has characters that nobody sees."))
        return ""

    return _act(mailbox_id, deed)


@bp.post("/<int:mailbox_id>/alias")
@for_manager
def alias(mailbox_id: int) -> Response:
    """Lead another address to a mailbox."""

    def deed(db: Session, box: Mailbox) -> str:
        text = request.form.get("alias", "")
        trouble = deeds.add_alias(db, g.realm, box, text, by=g.visitor.name)
        return said(trouble, _) if trouble else ""

    return _act(mailbox_id, deed)


@bp.post("/<int:mailbox_id>/alias/remove")
@for_fresh_manager
def remove(mailbox_id: int) -> Response:
    """Let an alias lead nowhere any more, or to somebody else."""

    def deed(db: Session, box: Mailbox) -> str:
        text, whose = request.form.get("alias", ""), request.form.get("to", "").strip()
        if deeds.key_of(text) in deeds.beyond(db, g.realm, box):
            return foreign(text)
        if not whose:
            done = deeds.remove_alias(db, box, text, by=g.visitor.name)
            return "" if done else _("This address is no alias of this mailbox any more.")
        to = named(db, whose)
        if to is None or not deeds.move_alias(db, box, text, to, by=g.visitor.name):
            return str(_("“%(text)s” is nobody whom an alias could go to.", text=whose))
        return ""

    return _act(mailbox_id, deed)


@bp.post("/<int:mailbox_id>/kind")
@for_manager
def kind(mailbox_id: int) -> Response:
    """Make a mailbox a shared one, or a person's again."""

    def deed(db: Session, box: Mailbox) -> str:
        deeds.make_shared(db, box, shared="shared" in request.form, by=g.visitor.name)
        return ""

    return _act(mailbox_id, deed)


@bp.post("/<int:mailbox_id>/let-in")
@for_manager
def let_in(mailbox_id: int) -> Response:
    """Give a person an account, and lead to their page."""
    _found(g.db, mailbox_id)
    with store().write() as db:
        account_id = deeds.let_in(db, g.realm, _found(db, mailbox_id), by=g.visitor.name)
    if account_id is None:
        flash(_("Nobody signs in for this mailbox."), "warning")
        return redirect(url_for(".look", mailbox_id=mailbox_id), 303)
    flash(_("This person may sign in now. Send a mail of welcome, or hand over a code."), "success")
    return redirect(url_for("people.look", account_id=account_id), 303)


@bp.post("/<int:mailbox_id>/off")
@for_manager
def off(mailbox_id: int) -> Response:
    """Take no mail for a mailbox any more."""

    def deed(db: Session, box: Mailbox) -> str:
        done = deeds.switch_off(db, box, by=g.visitor.name)
        return "" if done else _("This is the mailbox of somebody who administers: it stays on.")

    return _act(mailbox_id, deed)


@bp.post("/<int:mailbox_id>/on")
@for_manager
def on(mailbox_id: int) -> Response:
    """Take mail for a mailbox again."""

    def deed(db: Session, box: Mailbox) -> str:
        done = deeds.switch_on(db, box, by=g.visitor.name)
        return "" if done else _("Its address belongs to somebody else by now.")

    return _act(mailbox_id, deed)


def named(db: Session, text: str) -> Mailbox | None:
    """Return the mailbox of an address that an administrator may change."""
    try:
        found = mailboxes.at(db, Address.parse(text.strip()))
    except BadAddress:
        return None
    return deeds.one(db, g.realm, found.id) if found else None


def foreign(text: str) -> str:
    """Return why an administrator does nothing about an address that is beyond their domains."""
    return said(Trouble(0, Clash.FOREIGN, text), _)


def _act(mailbox_id: int, deed: Callable[[Session, Mailbox], str]) -> Response:
    """Do something to a mailbox, say what came of it, and lead back to the page of the form."""
    _found(g.db, mailbox_id)
    with store().write() as db:
        trouble = deed(db, _found(db, mailbox_id))
    flash(trouble or _("The settings are saved."), "warning" if trouble else "success")
    back = own_path(request.form.get("next", ""))
    return redirect(back or url_for(".look", mailbox_id=mailbox_id), 303)


def _found(db: Session, mailbox_id: int) -> Mailbox:
    return deeds.one(db, g.realm, mailbox_id) or abort(404)
