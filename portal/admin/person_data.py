"""One person's data: taken out for them, or erased; for administrators who proved who they are."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailstore.accounts import Account, Role
from mailstore.erasure import erasing, exports, people
from mailstore.erasure.exports import LONGEST_REASON, SHORTEST_REASON
from mailstore.errors import BadName
from mailstore.roles import LastOne
from portal.access import for_fresh_admin, store
from portal.content.downloads import streamed

bp = Blueprint("person_data", __name__, url_prefix="/admin/people/<int:account_id>/data")


@bp.get("")
@for_fresh_admin
def index(account_id: int) -> str:
    """Show exports that are there, and what erasing would take away."""
    return _page(_found(g.db, account_id))


@bp.post("/export")
@for_fresh_admin
def export(account_id: int) -> Response | tuple[str, int]:
    """Ask for an export, with a reason that stays on record."""
    account = _found(g.db, account_id)
    try:
        with store().write() as db:
            reason = request.form.get("reason", "")
            exports.ask(db, store(), _found(db, account_id), reason, by=g.visitor.name)
    except BadName:
        wrong = _("Write between %(least)d and %(most)d characters, and no control characters.",
                  least=SHORTEST_REASON, most=LONGEST_REASON)  # fmt: skip
        return _page(account, why=wrong), 422
    flash(_("The data is being collected."), "success")
    return redirect(url_for(".index", account_id=account_id), 303)


@bp.get("/<int:export_id>.zip")
@for_fresh_admin
def fetch(account_id: int, export_id: int) -> Response:
    """Give an export as a file, which is noted."""
    _found(g.db, account_id)
    found = exports.one(g.db, account_id, export_id, own=False) or abort(404)
    with store().write() as db:
        exports.note_fetched(db, found, by=g.visitor.name)
    return streamed(exports.content(store(), found), found.size, f"person-{account_id}.zip")


@bp.post("/erase")
@for_fresh_admin
def erase(account_id: int) -> Response | tuple[str, int]:
    """Erase the person whose address was typed."""
    account = _found(g.db, account_id)
    if request.form.get("address", "").strip().lower() != account.email:
        return _page(account, erased=_("Type the whole address of this person.")), 422
    try:
        with store().write() as db:
            person = people.whole(db, _found(db, account_id))
            erasing.erase(db, person, by=g.visitor.name)
    except LastOne:
        wrong = _("This is the last administrator. Name another one first.")
        return _page(account, erased=wrong), 422
    except BadName:
        wrong = _("Unknown mail of a domain goes to this mailbox. Name another one first.")
        return _page(account, erased=wrong), 422
    flash(_("The person is erased."), "success")
    return redirect(url_for("people.index"), 303)


def _found(db: Session, account_id: int) -> Account:
    """Return an account of this tenant, one that is switched off too, or answer 404."""
    mine = Account.tenant_id == g.tenant.id, Account.role != Role.OPERATOR
    found = db.scalar(select(Account).where(Account.id == account_id, *mine))
    return found or abort(404)


def _page(account: Account, *, why: str = "", erased: str = "") -> str:
    return render_template(
        "admin/person_data.html",
        whose=account,
        found=exports.of(g.db, account.id, own=False),
        to_fetch=lambda number: url_for(".fetch", account_id=account.id, export_id=number),
        plan=erasing.plan(g.db, people.whole(g.db, account)),
        why=why,
        erased=erased,
    )
