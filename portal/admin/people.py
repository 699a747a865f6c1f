"""The people of a tenant: adding one, welcoming them, and helping whoever cannot sign in."""

from io import StringIO

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailstore import codes, inforce, mailboxes, people, welcomes
from mailstore.accounts import Account
from mailstore.codes import CodeKind
from mailstore.moving import deeds, exporting
from mailstore.moving.clashes import said
from mailstore.moving.planning import Options
from mailstore.moving.values import Person
from mailstore.reports import seen
from mailstore.spreadsheets import SEMICOLON
from portal.access import for_fresh_manager, for_manager, store
from portal.paging import asked_page, one_page, row_id

bp = Blueprint("people", __name__, url_prefix="/admin/people")

LONGEST_SEARCH = 100
MARK = "\ufeff"


@bp.get("/")
@for_manager
def index() -> str:
    """List people by their address."""
    return _list()


@bp.post("/")
@for_manager
def add() -> Response | tuple[str, int]:
    """Add one person, or a shared mailbox, with all its addresses."""
    form = request.form
    aliases = tuple(form.get("aliases", "").replace(",", " ").split())
    shared, name = form.get("kind") == "shared", form.get("name", "")
    person = Person(0, form.get("address", "").strip(), name, aliases, shared)
    options = Options(welcome="welcome" in form)
    with store().write() as db:
        _added, trouble = deeds.add(db, g.realm, person, options, by=g.visitor.name)
    if trouble:
        return _list(said(trouble, _)), 422
    flash(_("%(address)s is added. Mail is taken at once.", address=person.main), "success")
    return redirect(url_for("boxes.index" if shared else ".index"), 303)


@bp.post("/welcome")
@for_manager
def welcome() -> Response:
    """Send a mail of welcome to some people, or to all who had none."""
    chosen = request.form.getlist("a", row_id)
    if not all(people.one(g.db, g.realm, each) for each in chosen):
        abort(404)
    with store().write() as db:
        ids = people.unwelcomed(db, g.realm) if "all" in request.form else chosen
        asked = welcomes.ask(db, g.realm.tenant_id, ids, by=g.visitor.name)
    flash(
        ngettext("%(num)d mail of welcome is on its way.",
                 "%(num)d mails of welcome are on their way.", asked), "success"
    )  # fmt: skip
    return redirect(url_for(".index"), 303)


@bp.get("/people.csv")
@for_fresh_manager
def export() -> Response:
    """Return people and aliases as a table (CSV), in which a spreadsheet finds no formula."""
    out = StringIO(newline="")
    # Excel takes it for UTF-8 by its mark only, and parts it as Swiss settings have it.
    out.write(MARK)
    exporting.write_people(g.db, g.realm, out, between=SEMICOLON)
    answer = Response(out.getvalue(), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename="people.csv")
    return answer


@bp.get("/<int:account_id>")
@for_manager
def look(account_id: int) -> str:
    """Show one person and what can be done for them."""
    whose = _found(g.db, account_id)
    home = people.home_of(g.db, whose)
    policy = inforce.of_one(g.db, home.id) if home else None
    return render_template(
        "admin/person.html",
        whose=whose,
        policy=policy,
        home=home,
        addresses=mailboxes.addresses_of(g.db, home.id) if home else [],
        reports=seen.lately(g.db, home.id) if home else [],
        may_change=people.may_change(g.db, g.realm, whose),
        welcomed=welcomes.states(g.db, [whose.id]).get(whose.id),
    )


@bp.post("/<int:account_id>/code")
@for_fresh_manager
def code(account_id: int) -> str:
    """Make an emergency code and show it, this once."""
    _helped(g.db, account_id)
    made = codes.fresh(CodeKind.EMERGENCY)
    with store().write() as db:
        account = _helped(db, account_id)
        text = codes.make_emergency(db, account, by=g.visitor.name, made=made)
    return _shown(account, text)


@bp.post("/<int:account_id>/reset")
@for_fresh_manager
def reset(account_id: int) -> str:
    """End password and second factor, and show an emergency code, this once."""
    _helped(g.db, account_id)
    made = codes.fresh(CodeKind.EMERGENCY)
    with store().write() as db:
        account = _helped(db, account_id)
        text = people.start_over(db, account, made, by=g.visitor.name)
    return _shown(account, text)


def _found(db: Session, account_id: int) -> Account:
    return people.one(db, g.realm, account_id) or abort(404)


def _helped(db: Session, account_id: int) -> Account:
    """Return somebody whom this administrator may let in."""
    account = _found(db, account_id)
    if not account.active or not people.may_change(db, g.realm, account):
        abort(404)
    return account


def _list(wrong: str = "") -> str:
    search = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    found = people.listed(g.db, g.realm, search, asked_page(str))
    listing = one_page(found, lambda each: (each.account.email, each.account.id))
    return render_template(
        "admin/people.html",
        listing=listing,
        search=search,
        welcomed=welcomes.states(g.db, [each.account.id for each in listing.items]),
        unwelcomed=welcomes.count_without(g.db, people.welcomable(g.realm)),
        wrong=wrong,
    )


def _shown(account: Account, text: str) -> str:
    address = current_app.extensions["settings"].base_url.rstrip("/")
    life = codes.EMERGENCY_LIFE.days
    return render_template("admin/code.html", whose=account, code=text, portal=address, days=life)
