"""The senders that a person allows, blocks or wants without a tag, for each of their mailboxes."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length

from mailstore import advice, clock, inforce, ownlists, senders, tailoring
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox
from mailstore.pages import Page
from mailstore.patterns import read_pattern
from mailstore.reports import own
from mailstore.senders import Listed, Owner, SenderEntry, Wish
from portal.access import for_user, store
from portal.paging import Listing, asked_page
from portal.quarantine.recent import recent_box

bp = Blueprint("profile_lists", __name__, url_prefix="/profile/senders")

LONGEST_SEARCH = 200
LISTED = {
    Listed.ALLOWED: _l("Allow"),
    Listed.BLOCKED: _l("Block"),
    Listed.UNTAGGED: _l("No newsletter tag"),
}


class Life(StrEnum):
    """How long an entry holds."""

    QUARTER = "90 days"
    YEAR = "year"
    EVER = "ever"


LIVES = {
    Life.QUARTER: (_l("for 90 days"), timedelta(days=90)),
    Life.YEAR: (_l("for a year"), timedelta(days=365)),
    Life.EVER: (_l("for ever"), None),
}


class EntryForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A sender to put on the list."""

    pattern = StringField(
        _l("Address or domain"),
        [DataRequired(_l("Please name an address or a domain.")), Length(max=320)],
    )
    listed = SelectField(
        _l("What to do"), choices=[SelectChoice(key.value, text) for key, text in LISTED.items()]
    )
    life = SelectField(
        _l("How long"),
        choices=[SelectChoice(key.value, text) for key, (text, _life) in LIVES.items()],
        default=Life.EVER.value,
    )


@bp.get("/")
@for_user
def index() -> str | Response:
    """Lead to the first list, or say that there is none."""
    mailboxes = _mailboxes()
    if not mailboxes:
        return render_template("profile/no_senders.html")
    return redirect(url_for(".show", mailbox_id=mailboxes[0].id), 303)


@bp.get("/<int:mailbox_id>")
@for_user
def show(mailbox_id: int) -> str:
    """Show the list of one mailbox, newest first."""
    return page(mine(mailbox_id))


@bp.post("/<int:mailbox_id>")
@for_user
def act(mailbox_id: int) -> Response | tuple[str, int]:
    """Put a sender on the list, and warn of a careless entry."""
    mailbox = mine(mailbox_id)
    form = offering(mailbox, EntryForm())
    wish = wished(form) if form.validate() else None
    if wish is None:
        return page(mailbox, form), 422
    warnings = advice.advise(g.db, mailbox.tenant_id, wish.listed, wish.pattern)
    with store().write() as db:
        entered = senders.enter(db, owner_of(mailbox), wish, by=g.visitor.name)
    if entered:
        flash(_("%(sender)s is on the list.", sender=wish.pattern), "success")
    else:
        flash(_("%(sender)s was on the list already.", sender=wish.pattern), "info")
    for each in warnings:
        flash(_(each), "warning")
    return redirect(url_for(".show", mailbox_id=mailbox_id), 303)


@bp.post("/<int:mailbox_id>/<int:entry_id>/remove")
@for_user
def remove(mailbox_id: int, entry_id: int) -> Response:
    """Take one entry off the list."""
    mailbox = mine(mailbox_id)
    with store().write() as db:
        gone = senders.drop(db, owner_of(mailbox), SenderEntry.id == entry_id, by=g.visitor.name)
    if not gone:
        abort(404)
    flash(_("The entry is removed. It counts for no new mail."), "success")
    return redirect(url_for(".show", mailbox_id=mailbox_id, q=_sought() or None), 303)


@bp.post("/<int:mailbox_id>/score")
@for_user
def score(mailbox_id: int) -> Response | tuple[str, int]:
    """Set from which score mail is held, where the policy lets its owner choose."""
    mailbox = mine(mailbox_id)
    if not _is_owner(mailbox_id):
        abort(404)
    said = request.form.get("score", "").strip()
    wanted = None if request.form.get("deed") == "reset" else said
    try:
        with store().write() as db:
            box = db.get_one(Mailbox, mailbox_id)
            done = tailoring.choose_score(db, box, wanted, by=g.visitor.name)
    except BadName:
        return page(mailbox, score=said), 422
    if not done:
        abort(404)
    flash(_("The settings are saved."), "success")
    return redirect(url_for(".show", mailbox_id=mailbox_id), 303)


def mine(mailbox_id: int) -> Mailbox:
    """Return a mailbox that the person may use, or answer 404."""
    if mailbox_id not in (g.scope.mailbox_ids or ()):
        abort(404)
    found: Mailbox = g.db.get_one(Mailbox, mailbox_id)
    return found


def offering(mailbox: Mailbox, form: EntryForm) -> EntryForm:
    """Return a form that offers what the policy lets people enter; 404 where that is nothing."""
    kinds = ownlists.kinds_of(g.db, mailbox.id)
    form.listed.choices = [
        SelectChoice(each.value, LISTED[each]) for each in LISTED if each in kinds
    ]
    return form if kinds else abort(404)


def owner_of(mailbox: Mailbox) -> Owner:
    """Return a mailbox as the owner of a list."""
    return Owner(mailbox.tenant_id, mailbox_id=mailbox.id)


def page(
    mailbox: Mailbox, form: EntryForm | None = None, wrong: str = "", score: str | None = None
) -> str:
    """Return the page of a list; `wrong` says why a file was not taken.

    `score` is what somebody typed who may not choose it.
    """
    kinds = ownlists.kinds_of(g.db, mailbox.id)
    if form is None and kinds:
        form = offering(mailbox, EntryForm(formdata=None))
    sought, place = _sought(), Page(asked_page().after, ownlists.SIZE)
    found = _listing(ownlists.page_of(g.db, owner_of(mailbox), sought, place))
    return render_template(
        "profile/senders.html",
        mailbox=mailbox,
        mailboxes=_mailboxes(),
        form=form,
        kinds=kinds,
        entries=found,
        held=ownlists.still_held(g.db, g.scope, found.items),
        sought=sought,
        wrong=wrong,
        policy=inforce.of_one(g.db, mailbox.id) if _is_owner(mailbox.id) else None,
        wrong_score=score,
        now=clock.now(),
        **recent_box(url_for("profile_lists.show", mailbox_id=mailbox.id, q=sought or None)),
    )


def _is_owner(mailbox_id: int) -> bool:
    return mailbox_id in {each.id for each in own.owned(g.db, g.visitor.account.id)}


def wished(form: EntryForm) -> Wish | None:
    """Return what a form wants on a list; None with a sentence at its field for what cannot be."""
    try:
        pattern = read_pattern(form.pattern.data or "")
    except BadName:
        form.pattern.errors = [
            _("This is neither a mail address nor a domain. Write bob@example.com or example.com.")
        ]
        return None
    life = LIVES[Life(form.life.data)][1]
    ends = clock.now() + life if life else None
    return Wish(Listed(form.listed.data), pattern, expires_at=ends)


def _sought() -> str:
    return request.values.get("q", "").strip()[:LONGEST_SEARCH]


def _mailboxes() -> list[Mailbox]:
    ids = sorted(g.scope.mailbox_ids or ())
    return list(g.db.scalars(select(Mailbox).where(Mailbox.id.in_(ids)).order_by(Mailbox.id)))


def _listing(found: Sequence[SenderEntry]) -> Listing[SenderEntry]:
    items = found[: ownlists.SIZE]
    if len(found) <= ownlists.SIZE:
        return Listing(items, None)
    return Listing(items, f"{items[-1].created_at.isoformat()}_{items[-1].id}")
