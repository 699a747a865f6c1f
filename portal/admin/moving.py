"""Moving in: a file is read, what it would change is shown, and only then anything changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from mailstore.errors import Corrupt, NotFound
from mailstore.moving import asking, here, rows
from mailstore.moving.clashes import said
from mailstore.moving.planning import Box, Diff, Options, Step, missing, plan
from mailstore.moving.rows import Moving, MovingState
from mailstore.moving.values import MOST_BYTES, MOST_ROWS, BadFile, Form
from mailstore.moving.wishes import Trouble, wishes_of
from portal.access import for_fresh_manager, for_manager, store

bp = Blueprint("moving", __name__, url_prefix="/admin/import")

MOST_SHOWN, MOST_ON_PAGE, MOST_LATELY = 20, 200, 5
FORMS = {
    Form.OWN: _l("our own table"),
    Form.BARE: _l("a list without headings"),
    Form.MICROSOFT: _l("a list of Microsoft 365 or Exchange"),
    Form.GOOGLE: _l("a list of Google Workspace"),
    Form.DIRECTORY: _l("a list of Active Directory"),
    Form.NAMED: _l("a list with headings"),
}
CHOICES = ("accounts", "names", "administrators", "welcome")
MISSING = "switch_off"


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of a list on the page: where it stands in the file, who it is about, and what."""

    who: str
    what: Sequence[str]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One list of a preview: the first of its lines, and how many there are."""

    name: str
    lines: Sequence[Shown]
    total: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would change, under what was chosen."""

    options: Options
    diff: Diff
    missing: Sequence[Box]
    troubles: Sequence[Trouble]


@bp.get("/")
@for_fresh_manager
def index() -> str:
    """Ask for a file, and say which ones are understood."""
    return _ask()


@bp.post("/")
@for_fresh_manager
def read() -> Response | tuple[str, int]:
    """Read a file and keep it for its preview; nothing changes yet."""
    file = request.files.get("file")
    try:
        table = asking.read(file.read(MOST_BYTES + 1) if file else b"")
    except BadFile as error:
        return _ask(_(str(error))), 422
    account, name = g.visitor.account, (file.filename or "") if file else ""
    kept = rows.sealed(store(), account.tenant_id, table)
    with store().write() as db:
        row = rows.begin(
            db, account.tenant_id, table, kept, name, by=g.visitor.name, account=account
        )
    return redirect(url_for(".look", moving_id=row.id), 303)


@bp.get("/<int:moving_id>")
@for_manager
def look(moving_id: int) -> str | Response:
    """Show what a file would change, or how far it is; the page looks again by itself."""
    row = _found(moving_id)
    if row.state is not MovingState.PLANNED:
        troubles = _left_out(row.left_out)
        return render_template("admin/moved.html", row=row, troubles=troubles[:MOST_ON_PAGE])
    preview = _preview(row, _options(request.args))
    if preview is None:
        return redirect(url_for(".index"), 303)
    parts = list(_parts(preview))
    part = next((each for each in parts if each.name == request.args.get("part")), None)
    after = max(0, request.args.get("after", 0, int))
    return render_template(
        "admin/preview.html",
        row=row,
        preview=preview,
        parts=[_cut(each, 0, MOST_SHOWN) for each in parts],
        part=part and _cut(part, after, MOST_ON_PAGE),
        following=after + MOST_ON_PAGE if part and part.total > after + MOST_ON_PAGE else None,
        form=FORMS[row.form],
        chosen={name: getattr(preview.options, name) for name in CHOICES},
    )


@bp.post("/<int:moving_id>")
@for_fresh_manager
def act(moving_id: int) -> Response:
    """Carry a file out as it was shown, with what was chosen."""
    row, options = _found(moving_id), _options(request.form)
    preview = _preview(row, options)
    if preview is not None:
        leaving = [each.id for each in preview.missing] if MISSING in request.form else []
        with store().write() as db:
            rows.confirm(db, row, options, leaving, preview.troubles)
    return redirect(url_for(".look", moving_id=moving_id), 303)


@bp.post("/<int:moving_id>/stop")
@for_manager
def stop(moving_id: int) -> Response:
    """End it where it is."""
    row = _found(moving_id)
    with store().write() as db:
        stopped = rows.stop(db, row, by=g.visitor.name)
    if stopped and row.state is MovingState.PLANNED:
        flash(_("The file is forgotten. Nothing was changed."), "success")
        return redirect(url_for(".index"), 303)
    return redirect(url_for(".look", moving_id=moving_id), 303)


def _found(moving_id: int) -> Moving:
    return rows.one(g.db, g.visitor.account, moving_id) or abort(404)


def _ask(wrong: str = "") -> str:
    lately = rows.latest(g.db, g.visitor.account, MOST_LATELY)
    most = {"lines": MOST_ROWS, "megabytes": MOST_BYTES // 2**20}
    return render_template("admin/moving.html", lately=lately, most=most, wrong=wrong)


def _options(said_by: MultiDict[str, str]) -> Options:
    """Return what was ticked; before anything was, what is usual."""
    if "chosen" not in said_by:
        return Options()
    return Options(**{name: name in said_by for name in CHOICES})


def _preview(row: Moving, options: Options) -> Preview | None:
    """Return what a file would change now; None where its lines are gone."""
    try:
        people = rows.people_of(store(), row)
    except (NotFound, Corrupt):
        return None
    known = here.everything(g.db, g.realm)
    wishes, troubles = wishes_of(people)
    diff = plan(wishes, known, options)
    return Preview(options, diff, missing(wishes, people, known), troubles)


def _parts(preview: Preview) -> Iterator[Part]:
    """Yield the lists of a preview that have any lines, what needs a look first."""
    diff = preview.diff
    for name, lines in (
        ("clashes", _left_out((*preview.troubles, *diff.clashes))),
        ("notes", _left_out(diff.notes)),
        ("new", [_new(each) for each in diff.new]),
        ("changed", [_changed(each) for each in diff.changed]),
        ("missing", [Shown(each.name or each.address, [each.address]) for each in preview.missing]),
    ):
        if lines:
            yield Part(name, lines, len(lines))


def _left_out(troubles: Sequence[Trouble]) -> list[Shown]:
    by_line = sorted(troubles, key=lambda each: each.line)
    return [Shown("", [said(each, _)], each.line) for each in by_line]


def _cut(part: Part, after: int, most: int) -> Part:
    return Part(part.name, part.lines[after : after + most], part.total)


def _new(step: Step) -> Shown:
    main, *aliases = map(str, step.claims)
    what = [main]
    if aliases:
        what.append(_("also %(addresses)s", addresses=", ".join(aliases)))
    if step.shared:
        what.append(_("a shared mailbox"))
    elif not step.account:
        what.append(_("without sign-in"))
    return Shown(step.wish.name or main, what, step.wish.person.line)


def _changed(step: Step) -> Shown:
    what = [str(step.wish.main)]
    if claims := [str(each) for each in step.claims]:
        what.append(
            ngettext("new alias %(addresses)s", "new aliases %(addresses)s", len(claims),
                     addresses=", ".join(claims))
        )  # fmt: skip
    if step.name is not None:
        what.append(_("is called “%(name)s” from now on", name=step.name))
    if step.shared is not None:
        what.append(
            _("becomes a shared mailbox") if step.shared else _("becomes a person's mailbox")
        )
    if step.on:
        what.append(_("is switched on again"))
    if step.account:
        what.append(_("can sign in from now on"))
    name = step.box.name if step.box else ""
    return Shown(name or str(step.wish.main), what, step.wish.person.line)
