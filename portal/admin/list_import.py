"""Lists of other filters: brought, judged, looked through, and entered as one."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import Length

from mailstore.curation import entering, entries, reading, traffic, undoing, uploads
from mailstore.curation.findings import Group
from mailstore.curation.reading import TooManyEntries
from mailstore.curation.uploads import ListUpload, UploadLine
from mailstore.senders import Listed
from portal.access import for_fresh_manager, store
from portal.admin.lists import owner_in, said_of
from portal.paging import row_id
from portal.profile.files import LARGEST_FILE, text_of
from portal.profile.lists import LISTED

bp = Blueprint("list_import", __name__, url_prefix="/admin/lists/import")

GROUPS = {
    Group.GOOD: _l("Useful"),
    Group.NEEDLESS: _l("Not needed"),
    Group.CARELESS: _l("Careless"),
    Group.PRESENT: _l("There already"),
    Group.UNUSABLE: _l("Not usable"),
}
ABOUT = {
    Group.GOOD: _l("Mail from there was held or nearly held, or your people write there; nothing "
                   "speaks against these entries."),
    Group.NEEDLESS: _l("These entries would have changed nothing within the last 30 days. Leave "
                       "them out: mail that is not held needs no entry."),
    Group.CARELESS: _l("These entries would let in more than you want. Each of them needs a tick "
                       "of its own; read first what speaks against it."),
    Group.PRESENT: _l("Your lists, or other entries of this file, say this already."),
    Group.UNUSABLE: _l("These lines can be no entries here."),
}  # fmt: skip


class ImportForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A list of another filter, as a file or as text, and for whom it is."""

    owner = StringField(_l("For whom"), [Length(max=320)])
    listed = SelectField(
        _l("Where a line does not say it"),
        choices=[SelectChoice(key.value, text) for key, text in LISTED.items()],
    )
    file = FileField(_l("File"))
    text = TextAreaField(_l("Or paste the list here"), [Length(max=LARGEST_FILE)])


@bp.get("/")
@for_fresh_manager
def index() -> str:
    """Ask for a list, and show which were entered lately."""
    return _page(ImportForm(formdata=None))


@bp.post("/")
@for_fresh_manager
def act() -> Response | tuple[str, int]:
    """Judge a list and keep it for its preview."""
    form = ImportForm()
    owner = owner_in(form) if form.validate() else None
    text = _text(form) if owner else ""
    if owner is None or not text:
        return _page(form), 422
    try:
        lines = reading.read(text, Listed(form.listed.data))
    except TooManyEntries:
        most = reading.MOST_LINES
        form.file.errors = [_("This list is too long: at most %(most)d entries.", most=most)]
        return _page(form), 422
    if not lines:
        form.file.errors = [_("There is no entry in this list.")]
        return _page(form), 422
    rows = uploads.lines_of(g.db, owner, lines)
    name = (form.file.data and form.file.data.filename) or _("a pasted list")
    with store().write() as db:
        kept = uploads.keep(db, owner, g.visitor.account.id, name, rows)
    return redirect(url_for(".look", upload_id=kept), 303)


@bp.get("/<int:upload_id>")
@for_fresh_manager
def look(upload_id: int) -> str:
    """Show what was made of a list, one kind of its lines at a time."""
    upload, counted = _mine(upload_id), uploads.counted(g.db, upload_id)
    group = _group() or next((each for each in Group if counted[each].lines), Group.GOOD)
    lines = uploads.page_of(g.db, upload_id, group, request.args.get("after", 0, row_id))
    return render_template(
        "admin/list_import.html",
        upload=upload,
        owner=entries.name_of(g.db, upload.owner),
        counted=counted,
        chosen=sum(each.chosen for each in counted.values()),
        group=group,
        groups=GROUPS,
        about=ABOUT,
        lines=lines[: uploads.SIZE],
        more=len(lines) > uploads.SIZE,
        said=_said,
        listed=LISTED,
        young=traffic.is_young(g.db, upload.owner.tenant_id),
    )


@bp.post("/<int:upload_id>")
@for_fresh_manager
def tick(upload_id: int) -> Response:
    """Keep the ticks of a page, tick all of a kind or none, or enter all that is ticked."""
    upload, group, deed = _mine(upload_id), _group() or abort(400), request.form.get("deed", "")
    shown, chosen = (request.form.getlist(name, row_id) for name in ("shown", "chosen"))
    with store().write() as db:
        uploads.tick(db, upload_id, shown[: uploads.SIZE], chosen[: uploads.SIZE])
        if deed in ("all", "none"):
            uploads.tick_all(db, upload_id, group, chosen=deed == "all")
    if deed == "enter":
        return _enter(upload)
    after = shown[-1] if deed == "next" and shown else None
    return redirect(url_for(".look", upload_id=upload_id, group=group.value, after=after), 303)


def _enter(upload: ListUpload) -> Response:
    with store().write() as db:
        wishes = uploads.chosen_of(db, upload.id)
        by, name = g.visitor.name, upload.name
        done = entering.enter_file(db, upload.owner, wishes, by=by, name=name)
        if wishes:
            uploads.drop(db, upload.id)
    if not wishes:
        flash(_("Nothing is ticked."), "info")
        return redirect(url_for(".look", upload_id=upload.id), 303)
    flash(ngettext("%(num)d entry is added.", "%(num)d entries are added.", done.added), "success")
    return redirect(url_for("lists.index"), 303)


def _mine(upload_id: int) -> ListUpload:
    """Return an upload of this account for a list that it still looks after, or answer 404."""
    found = uploads.one(g.db, g.visitor.account.id, upload_id)
    if found is None or not entries.holds(g.db, g.realm, found.owner):
        abort(404)
    return found


def _group() -> Group | None:
    try:
        return Group(request.values["group"]) if request.values.get("group") else None
    except ValueError:
        abort(400)


def _text(form: ImportForm) -> str:
    file = form.file.data
    raw = file.read(LARGEST_FILE + 1) if file else b""
    text = text_of(raw) if raw else form.text.data or ""
    if len(raw) > LARGEST_FILE:
        form.file.errors = [_("This file is too large: at most 1 MB.")]
        return ""
    if not text.strip():
        form.file.errors = [_("Choose a file, or paste a list.")]
    return text.strip("\r\n") if text.strip() else ""


def _said(line: UploadLine) -> list[str]:
    return [said_of(line.listed, finding, name) for finding, name in line.findings]


def _page(form: ImportForm) -> str:
    brought = undoing.files(g.db, g.realm)
    return render_template("admin/list_bring.html", form=form, brought=brought)
