"""The customers of an installation: who they are, bringing one in, and stopping its mail."""

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
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import StringField

from mailstore import codes, customers, cutover
from mailstore.accounts import Account
from mailstore.codes import CodeKind
from mailstore.cutover import LONGEST_REASON
from mailstore.domains import Domain
from mailstore.errors import BadName
from mailstore.tenants import Tenant, TenantState
from portal.access import for_fresh_operator, for_operator, store
from portal.customers.forms import CustomerForm
from portal.forms import PlainText
from portal.paging import asked_page, one_page

bp = Blueprint("customers", __name__, url_prefix="/operator")

LONGEST_SEARCH = 100


class SuspendForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Why mail is stopped."""

    reason = StringField(_l("What its people read as the reason"), [PlainText(LONGEST_REASON)])


@bp.get("/")
@for_operator
def index() -> str:
    """List the customers by name."""
    search = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    found = customers.listed(g.db, search, asked_page(str))
    listing = one_page(found, lambda each: (each.tenant.name, each.tenant.id))
    return render_template("customers/list.html", listing=listing, search=search)


@bp.get("/new")
@for_fresh_operator
def new() -> str:
    """Show the form for a new customer."""
    return render_template("customers/new.html", form=CustomerForm(), wrong="")


@bp.post("/new")
@for_fresh_operator
def add() -> str | tuple[str, int]:
    """Add a customer, and show the emergency code of its administrator, this once."""
    form, made = CustomerForm(), codes.fresh(CodeKind.EMERGENCY)
    if not form.validate():
        return render_template("customers/new.html", form=form, wrong=""), 422
    try:
        with store().write() as db:
            account, text = customers.begin(db, form.wish, made, by=g.visitor.name)
            customer = db.get_one(Tenant, account.tenant_id)
    except BadName:
        wrong = _("The name or the domain is taken.")
        return render_template("customers/new.html", form=form, wrong=wrong), 422
    return _code(customer, account, text, new=True)


@bp.get("/<int:tenant_id>")
@for_operator
def look(tenant_id: int) -> str:
    """Show one customer."""
    return _page(_found(tenant_id))


@bp.post("/<int:tenant_id>/suspend")
@for_fresh_operator
def suspend(tenant_id: int) -> str | Response | tuple[str, int]:
    """Take no mail of a customer."""
    tenant, form = _found(tenant_id), SuspendForm()
    if not form.validate():
        return _page(tenant, form), 422

    with store().write() as db:
        done = cutover.suspend(db, tenant_id, form.reason.data or "", by=g.visitor.name)
    if done:
        flash(_("Mail of %(tenant)s is not taken any more.", tenant=tenant.name), "success")
    return redirect(url_for(".look", tenant_id=tenant_id), 303)


@bp.post("/<int:tenant_id>/resume")
@for_fresh_operator
def resume(tenant_id: int) -> Response:
    """Let a customer go on from where they were when their mail was stopped."""
    tenant = _found(tenant_id)
    with store().write() as db:
        again = cutover.resume(db, tenant_id, by=g.visitor.name)
    if again is TenantState.LIVE:
        flash(_("Mail of %(tenant)s is taken again.", tenant=tenant.name), "success")
    elif again:
        flash(_("%(tenant)s prepares again, as before.", tenant=tenant.name), "success")
    return redirect(url_for(".look", tenant_id=tenant_id), 303)


@bp.post("/<int:tenant_id>/code/<int:account_id>")
@for_fresh_operator
def code(tenant_id: int, account_id: int) -> str:
    """Make an emergency code for an administrator of a customer, and show it, this once."""
    customer = _found(tenant_id)
    if account_id not in {each.id for each in customers.administrators(g.db, customer.id)}:
        abort(404)
    made = codes.fresh(CodeKind.EMERGENCY)
    with store().write() as db:
        account = db.get_one(Account, account_id)
        text = codes.make_emergency(db, account, by=g.visitor.name, made=made)
    return _code(customer, account, text)


def _found(tenant_id: int) -> Tenant:
    found: Tenant | None = g.db.get(Tenant, tenant_id)
    return found or abort(404)


def _page(tenant: Tenant, form: SuspendForm | None = None) -> str:
    theirs = select(Domain).where(Domain.tenant_id == tenant.id).order_by(Domain.name)
    return render_template(
        "customers/customer.html",
        tenant=tenant,
        domains=g.db.scalars(theirs).all(),
        administrators=customers.administrators(g.db, tenant.id),
        form=form or SuspendForm(),
    )


def _code(customer: Tenant, account: Account, text: str, *, new: bool = False) -> str:
    address = current_app.extensions["settings"].base_url.rstrip("/")
    life = codes.EMERGENCY_LIFE.days
    page = {"whose": account, "code": text, "portal": address, "days": life}
    return render_template("customers/code.html", customer=customer, new=new, **page)
