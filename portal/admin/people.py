"""The people of a tenant, and helping whoever cannot sign in."""

from flask import Blueprint, abort, current_app, g, render_template, request
from sqlalchemy.orm import Session

from mailstore import codes, inforce, people
from mailstore.accounts import Account
from mailstore.codes import CodeKind
from mailstore.reports import seen
from portal.access import for_admin, for_fresh_admin, store
from portal.paging import asked_page, one_page

bp = Blueprint("people", __name__, url_prefix="/admin/people")

LONGEST_SEARCH = 100


@bp.get("/")
@for_admin
def index() -> str:
    """List people by their address."""
    search = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    found = people.listed(g.db, g.tenant.id, search, asked_page(str))
    listing = one_page(found, lambda each: (each.account.email, each.account.id))
    return render_template("admin/people.html", listing=listing, search=search)


@bp.get("/<int:account_id>")
@for_admin
def look(account_id: int) -> str:
    """Show one person and what can be done for them."""
    whose = _found(g.db, account_id)
    home = people.home_of(g.db, whose)
    reports = seen.lately(g.db, home.id) if home else []
    policy = inforce.of_one(g.db, home.id) if home else None
    return render_template(
        "admin/person.html", whose=whose, home=home, reports=reports, policy=policy
    )


@bp.post("/<int:account_id>/code")
@for_fresh_admin
def code(account_id: int) -> str:
    """Make an emergency code and show it, this once."""
    _found(g.db, account_id)
    made = codes.fresh(CodeKind.EMERGENCY)
    with store().write() as db:
        account = _found(db, account_id)
        text = codes.make_emergency(db, account, by=g.visitor.name, made=made)
    return _shown(account, text)


@bp.post("/<int:account_id>/reset")
@for_fresh_admin
def reset(account_id: int) -> str:
    """End password and second factor, and show an emergency code, this once."""
    _found(g.db, account_id)
    made = codes.fresh(CodeKind.EMERGENCY)
    with store().write() as db:
        account = _found(db, account_id)
        text = people.start_over(db, account, made, by=g.visitor.name)
    return _shown(account, text)


def _found(db: Session, account_id: int) -> Account:
    return people.one(db, g.tenant.id, account_id) or abort(404)


def _shown(account: Account, text: str) -> str:
    address = current_app.extensions["settings"].base_url.rstrip("/")
    life = codes.EMERGENCY_LIFE.days
    return render_template("admin/code.html", whose=account, code=text, portal=address, days=life)
