"""Writing: a draft on its page, kept as somebody types, until they send or discard it."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore import clock, copies, inforce
from mailstore.sending import limits
from mailstore.tenants import TenantState
from mailstore.writing import addressing, departures, drafts, identities, known
from mailstore.writing.drafts import Fields
from mailstore.writing.identities import Identity
from mailstore.writing.rows import Draft
from portal import voices
from portal.access import for_user, store
from portal.paging import row_id
from portal.webmail import answers, enclosing, sending
from portal.webmail.answers import How
from portal.webmail.leaving import to_leaving
from portal.webmail.place import back, carried, found, rail
from portal.webmail.sending import Checked, Sender

bp = Blueprint("write", __name__, url_prefix="/webmail")

MOST_DRAFTS = 200
TYPED = ("to", "cc", "bcc", "subject", "text")
HOW = ",".join(How)

Answer = str | Response | tuple[str | Response, int]


@bp.post("/write")
@for_user
def begin() -> Response:
    """Begin a new mail."""
    me = _identities()[0]
    return _begun(me, answers.new(me))


@bp.post(f"/m/<int:delivery_id>/<any({HOW}):how>")
@for_user
def answer(delivery_id: int, how: str) -> Response:
    """Begin an answer to a mail, or what hands it on or writes it again, with its files."""
    delivery, mine = found(delivery_id), _identities()
    original = answers.original_of(delivery, is_own=not copies.is_received(g.scope, delivery))
    me = answers.identity_for(mine, original, delivery)
    keys = {each.address.key for each in mine}
    voice, wished = voices.current(), How(how)
    fields = answers.begun(wished, original, me, keys, voice, delivery.accepted_at)
    inside = sending.is_inside(g.db, me.tenant_id, original.everybody)
    files = enclosing.of_mail(delivery) if wished in (How.FORWARD, How.AGAIN) else ()
    return _begun(me, replace(fields, inside=inside), delivery_id, files)


@bp.get("/drafts")
@for_user
def index() -> str:
    """Show what somebody began to write."""
    mine = drafts.of(g.db, g.visitor.account.id, MOST_DRAFTS)
    shown = [(each, drafts.fields_of(store(), each)) for each in mine if _may_quote(each)]
    return render_template("webmail/drafts.html", drafts=shown, **rail())


@bp.get("/write/known")
@for_user
def suggest() -> Response:
    """Say whom a text may mean; scripts ask as somebody types."""
    people = known.suggest(g.db, g.scope, request.args.get("q", "")[:100])
    return jsonify([addressing.written([each]) for each in people])


@bp.get("/write/<int:draft_id>")
@for_user
def edit(draft_id: int) -> str:
    """Show a draft as it stands."""
    draft = _draft(draft_id)
    return _page(draft, drafts.fields_of(store(), draft), draft.version)


@bp.post("/write/<int:draft_id>")
@for_user
def act(draft_id: int) -> Answer:
    """Keep what was typed, and do what was pressed."""
    draft, mine = _draft(draft_id), _identities()
    me = identities.one(mine, request.form.get("sender", "")) or abort(404)
    before = drafts.fields_of(store(), draft)
    typed: dict[str, Any] = {name: _typed(name) for name in TYPED}
    fields = replace(before, sender=str(me.address), **typed)
    version = _saved(draft, me, fields)
    if request.accept_mimetypes.best == "application/json":
        return _told(draft, fields, version)
    if version is None:
        return _overtaken(draft, me, fields)
    deed, _dash, number = request.form.get("deed", "save").partition("-")
    if deed == "discard":
        return _discarded(draft)
    # Without scripts, files come along with whatever was pressed.
    left_out = enclosing.attach(draft, request.files.getlist("files"))
    _say(left_out)
    match deed:
        case "send" if not left_out:
            return _sent(draft, version, me, fields)
        case "send" | "attach":
            pass
        case "remove":
            enclosing.remove(draft, number)
        case _:
            flash(_("The draft is saved."), "success")
    return _to(draft.id)


@bp.post("/write/<int:draft_id>/files")
@for_user
def attach(draft_id: int) -> Response:
    """Add files; scripts send them while somebody types on."""
    draft = _draft(draft_id)
    _say(enclosing.attach(draft, request.files.getlist("files")))
    return _to(draft.id)


bp.app_template_global()(sending.goes_outside)
bp.app_template_global()(sending.refused)


def _draft(draft_id: int) -> Draft:
    """Return a draft of the visitor's; of one that is being sent, lead to where that is seen."""
    draft = drafts.one(g.db, g.visitor.account.id, draft_id)
    if draft is None or not _may_quote(draft):
        abort(404)
    if draft.place is not None:
        abort(to_leaving(draft.public_id))
    return draft


def _may_quote(draft: Draft) -> bool:
    """Whether the visitor may still see the mail that a draft answers, and so quotes."""
    return draft.answers_id is None or copies.is_theirs(g.db, g.scope, draft.answers_id)


def _identities() -> list[Identity]:
    """Return all that the visitor may write as; 404 for somebody without a mailbox."""
    if g.tenant is not None and g.tenant.state is not TenantState.LIVE:
        flash(_("Nothing can be sent from here while your organisation's mail does not flow."),
              "warning")  # fmt: skip
        abort(redirect(url_for("webmail.index"), 303))
    return list(identities.of(g.db, g.visitor.account)) or abort(404)


def _typed(name: str) -> str:
    return str(request.form.get(name, ""))[: sending.LONGEST[name]]


def _begun(
    me: Identity, fields: Fields, answers_id: int | None = None, files: enclosing.Files = ()
) -> Response:
    if drafts.count(g.db, g.visitor.account.id) >= MOST_DRAFTS:
        _say(_("You have too many drafts. Please send or discard some first."))
        return redirect(url_for(".index"), 303)
    kept = drafts.sealed(store(), me.tenant_id, drafts.first_day(), fields)
    with store().write() as db:
        draft = drafts.begin(db, me, g.visitor.account.id, kept, answers_id)
    _say(enclosing.put(draft, files))
    return _to(draft.id)


def _saved(draft: Draft, me: Identity, fields: Fields) -> int | None:
    version = request.form.get("version", -1, row_id)
    kept = drafts.sealed(store(), draft.tenant_id, draft.day, fields)
    with store().write() as db:
        return drafts.save(db, draft, version, me.mailbox_id, kept)


def _told(draft: Draft, fields: Fields, version: int | None) -> Answer:
    """Tell a script what it has to show of a draft that was kept, or was not."""
    if version is None:
        return jsonify(said=_("Not saved: this draft was changed in another window.")), 409
    at = voices.current().moment(clock.now())
    outside = sending.check(g.db, draft.tenant_id, fields).outside
    said = _("Saved %(time)s", time=at)
    return jsonify(version=version, said=said, outside=sending.goes_outside(outside))


def _overtaken(draft: Draft, me: Identity, fields: Fields) -> Response:
    """Answer a form that another one came before: the same twice, or another window's."""
    with store().read() as db:
        now = drafts.one(db, draft.account_id, draft.id)
    if now is None or now.place is not None:
        return to_leaving(now.public_id) if now else redirect(url_for(".index"), 303)
    if drafts.fields_of(store(), now) == fields:
        return _to(draft.id)
    flash(
        _("This draft was changed in another window. What you wrote here is a draft of its own."),
        "warning",
    )
    return _begun(me, fields, draft.answers_id)


def _sent(draft: Draft, version: int, me: Identity, fields: Fields) -> Answer:
    checked = sending.check(g.db, me.tenant_id, fields)
    if until := limits.blocked_until(g.db, me):
        _say(
            _(
                "This address may not send until %(time)s, because too much was sent with it. Your "
                "administrator can lift that.",
                time=voices.current().moment(until),
            )
        )
        return _page(draft, fields, version), 422
    asked = fields.inside and checked.outside and _typed("outside") != ",".join(checked.outside)
    if checked.wrong or asked:
        return _page(draft, fields, version, checked, asks=bool(asked)), 422
    keep_days, _held = g.tenant.days_under(inforce.of_one(g.db, me.mailbox_id))
    sender = Sender(me, g.tenant, keep_days, clock.now())
    departure = sending.departure(store(), sender, fields, checked, enclosing.of(draft))
    with store().write() as db:
        begun = departures.send(db, draft, version, departure, by=g.visitor.name)
    return to_leaving(departure.public_id) if begun else _overtaken(draft, me, fields)


def _discarded(draft: Draft) -> Response:
    with store().write() as db:
        drafts.discard(db, draft, by=g.visitor.name)
    flash(_("The draft is discarded."), "success")
    return redirect(back(), 303)


def _to(draft_id: int) -> Response:
    return redirect(url_for(".edit", draft_id=draft_id, back=carried(back())), 303)


def _say(trouble: str) -> None:
    if trouble:
        flash(trouble, "warning")


def _page(
    draft: Draft,
    fields: Fields,
    version: int,
    checked: Checked | None = None,
    *,
    asks: bool = False,
) -> str:
    outside = checked or sending.check(g.db, draft.tenant_id, fields)
    return render_template(
        "webmail/write.html",
        draft=draft,
        version=version,
        fields=fields,
        answered=copies.look(g.db, g.scope, draft.answers_id) if draft.answers_id else None,
        identities=_identities(),
        files=enclosing.of(draft),
        wrong=checked.wrong if checked else {},
        outside=outside.outside,
        asks=asks,
        longest=sending.LONGEST,
        back=back(),
        came_from=carried(back()),
    )
