"""The policy of a level: of the whole tenant, a domain or a person, value by value."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailstore import namedpolicies, origins, policies, tailoring
from mailstore.domains import Domain
from mailstore.errors import NotFound
from mailstore.mailboxes import Mailbox
from mailstore.tailoring import Level
from mailstore.tenants import Tenant
from portal.access import for_admin, for_manager, store
from portal.admin import policyforms, policytexts
from portal.admin.policyforms import Wrong
from portal.paging import row_id

bp = Blueprint("levels", __name__, url_prefix="/admin/policies")

Answer = Response | tuple[str, int]
Find = Callable[[Session], Level]
ABOVE = "above"


@bp.get("/tenant")
@for_admin
def tenant() -> str:
    """Show what holds for the whole tenant."""
    return _page(_tenant(g.db))


@bp.post("/tenant")
@for_admin
def tenant_act() -> Answer:
    """Choose the tenant's policy, or set or reset one value."""
    return _act(_tenant)


@bp.get("/domain/<int:domain_id>")
@for_manager
def domain(domain_id: int) -> str:
    """Show what holds for a domain."""
    return _page(_domain(g.db, domain_id))


@bp.post("/domain/<int:domain_id>")
@for_manager
def domain_act(domain_id: int) -> Answer:
    """Choose a domain's policy, or set or reset one value."""
    return _act(lambda db: _domain(db, domain_id))


@bp.get("/mailbox/<int:mailbox_id>")
@for_manager
def mailbox(mailbox_id: int) -> str:
    """Show what holds for a person."""
    return _page(_mailbox(g.db, mailbox_id))


@bp.post("/mailbox/<int:mailbox_id>")
@for_manager
def mailbox_act(mailbox_id: int) -> Answer:
    """Choose a person's policy, or set or reset one value."""
    return _act(lambda db: _mailbox(db, mailbox_id))


def _tenant(db: Session) -> Level:
    return db.get_one(Tenant, g.tenant.id)


def _domain(db: Session, domain_id: int) -> Level:
    found = db.get(Domain, domain_id)
    if found is None or found.tenant_id != g.realm.tenant_id or not g.realm.includes(found.id):
        abort(404)
    return found


def _mailbox(db: Session, mailbox_id: int) -> Level:
    found = db.get(Mailbox, mailbox_id)
    theirs = found is not None and found.tenant_id == g.realm.tenant_id
    if found is None or not theirs or not g.realm.includes(found.domain_id):
        abort(404)
    return found


def _act(find: Find) -> Answer:
    level = find(g.db)
    if request.form.get("deed") == "assign":
        return _assign(level, find)
    field, resets = policyforms.asked()
    said = {} if resets else policyforms.checked(field)
    if isinstance(said, Wrong):
        return _page(level, said), 422
    with store().write() as db:
        if resets:
            tailoring.untailor(db, find(db), [field.name], by=g.visitor.name)
        else:
            tailoring.tailor(db, find(db), said, by=g.visitor.name)
    flash(_("The settings are saved."), "success")
    return redirect(f"{_url(level)}#{field.group}", 303)


def _assign(level: Level, find: Find) -> Answer:
    """Choose a policy that the tenant has; any other is not there."""
    above = request.form.get("policy") == ABOVE and not isinstance(level, Tenant)
    chosen = request.form.get("policy", type=row_id)
    if chosen is None and not above:
        abort(400)
    try:
        with store().write() as db:
            tailoring.assign(db, find(db), chosen, by=g.visitor.name)
    except NotFound:
        abort(404)
    flash(_("The settings are saved."), "success")
    return redirect(_url(level), 303)


def _url(level: Level) -> str:
    match level:
        case Tenant():
            return url_for("levels.tenant")
        case Domain():
            return url_for("levels.domain", domain_id=level.id)
    return url_for("levels.mailbox", mailbox_id=level.id)


def _page(level: Level, wrong: Wrong | None = None) -> str:
    named = namedpolicies.listed(g.db, g.realm.tenant_id)
    return policyforms.page(
        origins.at(g.db, level),
        wrong,
        policy=None,
        title=level.name if not isinstance(level, Mailbox) else level.name or level.address,
        level=level,
        kind=type(level).__name__.lower(),
        url=_url(level),
        changeable=True,
        named=[(each, not policies.effective(g.db, each.id).report) for each in named],
        chosen=tailoring.chosen(g.db, level),
        above=ABOVE,
        silent=policytexts.UNNOTICED,
    )
