"""Entries of sender lists that are worth a second look, and taking many of them off at once."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from mailstore.curation import tidying
from mailstore.curation.findings import Finding
from mailstore.curation.tidying import Doubtful
from portal.access import for_manager, store
from portal.admin.lists import said, said_of
from portal.paging import row_id
from portal.profile.lists import LISTED

bp = Blueprint("list_tidy", __name__, url_prefix="/admin/lists/tidy")

SIZE = 100


@bp.get("/")
@for_manager
def index() -> str:
    """Show what speaks against entries, those it speaks against, and how often."""
    finding, first = _finding(), request.args.get("from", 0, row_id)
    tidy = tidying.judged(g.db, g.realm)
    found = [each for each in tidy.doubtful if each.has(finding)]
    return render_template(
        "admin/list_tidy.html",
        found=found[first : first + SIZE],
        total=len(found),
        following=first + SIZE if len(found) > first + SIZE else None,
        counts=tidy.counts,
        everything=len(tidy.doubtful),
        finding=finding,
        said=_said,
        said_of=said_of,
        listed=LISTED,
    )


@bp.post("/")
@for_manager
def act() -> Response:
    """Take the ticked entries off, or all that match."""
    finding = _finding()
    if request.form.get("deed") == "all":
        doubtful = tidying.judged(g.db, g.realm).doubtful
        ids = [each.entry.row.id for each in doubtful if each.has(finding)]
    else:
        ids = request.form.getlist("chosen", row_id)[:SIZE]
    with store().write() as db:
        count = tidying.remove_all(db, g.realm, ids, by=g.visitor.name)
    if count:
        flash(
            ngettext("%(num)d entry is removed.", "%(num)d entries are removed.", count), "success"
        )
        flash(_("You can take it back for a quarter of an hour."), "info")
        return redirect(url_for("lists.index"), 303)
    flash(_("Nothing is ticked."), "info")
    return redirect(url_for(".index", finding=finding and finding.value), 303)


def _finding() -> Finding | None:
    try:
        return Finding(request.values["finding"]) if request.values.get("finding") else None
    except ValueError:
        abort(400)


def _said(each: Doubtful) -> list[str]:
    return said(each.entry.row.listed, each.found)
