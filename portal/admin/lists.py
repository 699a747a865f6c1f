"""The sender lists of a tenant, its domains and its people, for whoever looks after them."""

from collections.abc import Sequence
from io import StringIO
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response
from wtforms import BooleanField, StringField
from wtforms.validators import Length

from mailstore import clock, listfiles
from mailstore.curation import entries, findings, judging, undoing
from mailstore.curation.entries import Entry, Sought, Whose
from mailstore.curation.judging import Found
from mailstore.senders import Listed, Owner, Wish, enter
from mailstore.spreadsheets import SEMICOLON
from portal.access import for_fresh_manager, for_manager, store
from portal.paging import Listing, asked_page, row_id
from portal.profile.files import MARK
from portal.profile.lists import LISTED, EntryForm, wished

bp = Blueprint("lists", __name__, url_prefix="/admin/lists")

LONGEST_SEARCH = 200
WHOSE = {
    Whose.TENANT: _l("for everybody"),
    Whose.DOMAIN: _l("for a domain"),
    Whose.PERSON: _l("of a person"),
}


class OwnedForm(EntryForm):
    """A sender to put on somebody's list."""

    owner = StringField(_l("For whom"), [Length(max=320)])
    sure = BooleanField(_l("Enter it all the same"))


@bp.get("/")
@for_manager
def index() -> str:
    """Show the entries of all lists, newest first."""
    return _page(OwnedForm(formdata=None))


@bp.post("/")
@for_manager
def act() -> Response | tuple[str, int]:
    """Put a sender on a list; what is careless is entered only by whoever insists."""
    form = OwnedForm()
    owner = owner_in(form) if form.validate() else None
    wish = wished(form) if owner else None
    if owner is None or wish is None:
        return _page(form), 422
    (judged,) = judging.judge_wishes(g.db, owner, [wish])
    if judged.found and not form.sure.data:
        return _page(form, said(wish.listed, judged.found)), 422
    return _entered(owner, wish)


@bp.post("/entries/<int:entry_id>/remove")
@for_manager
def remove(entry_id: int) -> Response:
    """Take one entry off its list."""
    entry = entries.one(g.db, g.realm, entry_id) or abort(404)
    with store().write() as db:
        gone = entries.remove(db, entry, by=g.visitor.name)
    if not gone:
        abort(404)
    flash(_("The entry is removed. It counts for no new mail."), "success")
    return redirect(url_for(".index", **sought_args()), 303)


@bp.post("/undo")
@for_manager
def undo() -> Response:
    """Take back what was done just now, or a file that was entered lately."""
    with store().write() as db:
        line_id = request.form.get("line", 0, row_id)
        count = undoing.take_back(db, g.realm, line_id, by=g.visitor.name)
    if count is None:
        abort(404)
    text = ngettext("%(num)d entry is as it was.", "%(num)d entries are as they were.", count)
    flash(text if count else _("Nothing is left to take back."), "success" if count else "info")
    return redirect(url_for(".index"), 303)


@bp.get("/senders.csv")
@for_fresh_manager
def export() -> Response:
    """Return all lists as a table (CSV), in which a spreadsheet finds no formula."""
    out = StringIO(newline="")
    # Excel takes it for UTF-8 by its mark only, and parts it as Swiss settings have it.
    out.write(MARK)
    within = entries.within(g.realm)
    listfiles.write_lists(g.db, g.tenant.id, out, within=within, between=SEMICOLON)
    answer = Response(out.getvalue(), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename="senders.csv")
    return answer


def owner_in(form: OwnedForm | Any) -> Owner | None:
    """Return whose list a form means; None with a sentence at its field for anybody foreign."""
    owner = entries.owner_named(g.db, g.realm, form.owner.data or "")
    if owner is None:
        form.owner.errors = [
            _("This is neither a domain nor an address that you look after.")
            if form.owner.data
            else _("Please name a domain or an address.")
        ]
    return owner


def said(listed: Listed | None, found: Sequence[Found]) -> list[str]:
    """Return what speaks against an entry, as sentences."""
    return [said_of(listed, each.finding, each.name) for each in found]


def said_of(listed: Listed | None, finding: str, name: str = "") -> str:
    """Return one finding as a sentence, with the name that belongs to it."""
    text = str(_(findings.sentence(finding, listed)))
    return f"{text} {name}" if name else text


def sought_args() -> dict[str, Any]:
    """Return what is looked for, as the address of the page says it."""
    asked = {name: request.values.get(name, "").strip() for name in ("q", "list", "whose")}
    return {name: value[:LONGEST_SEARCH] for name, value in asked.items() if value}


def _entered(owner: Owner, wish: Wish) -> Response:
    with store().write() as db:
        entered = enter(db, owner, wish, by=g.visitor.name)
    if entered:
        flash(_("%(sender)s is on the list.", sender=wish.pattern), "success")
    else:
        flash(_("%(sender)s was on the list already.", sender=wish.pattern), "info")
    return redirect(url_for(".index"), 303)


def _page(form: OwnedForm, against: Sequence[str] = ()) -> str:
    args = sought_args()
    found = entries.page_of(g.db, g.realm, _sought(args), asked_page().after)
    return render_template(
        "admin/lists.html",
        form=form,
        against=against,
        entries=_listing(found),
        sought=args,
        listed=LISTED,
        whose=WHOSE,
        recent=undoing.recent(g.db, g.realm, g.visitor.name),
        now=clock.now(),
    )


def _sought(args: dict[str, str]) -> Sought:
    try:
        listed = Listed(args["list"]) if "list" in args else None
        whose = Whose(args["whose"]) if "whose" in args else None
    except ValueError:
        abort(400)
    return Sought(args.get("q", ""), listed, whose)


def _listing(found: Sequence[Entry]) -> Listing[Entry]:
    items = found[: entries.SIZE]
    if len(found) <= entries.SIZE:
        return Listing(items, None)
    last = items[-1].row
    return Listing(items, f"{last.created_at.isoformat()}_{last.id}")
