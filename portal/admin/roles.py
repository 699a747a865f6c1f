"""What somebody may administer, decided by the administrator of their tenant."""

from collections.abc import Sequence

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailstore import people, roles
from mailstore.accounts import Account, Role
from mailstore.domains import Domain
from mailstore.errors import BadName
from mailstore.roles import LastOne
from portal.access import for_fresh_admin, store

bp = Blueprint("roles", __name__, url_prefix="/admin/people")

ROLES = {
    Role.USER: _l("Person"),
    Role.QUARANTINE_ADMIN: _l("Quarantine administrator"),
    Role.DOMAIN_ADMIN: _l("Domain administrator"),
    Role.ADMIN: _l("Administrator"),
}
ABOUT = {
    Role.USER: _l("Sees their own mail only."),
    Role.QUARANTINE_ADMIN: _l(
        "Delivers held mail of everybody and answers requests. Reads a message only with a reason,"
        " which goes on record."
    ),
    Role.DOMAIN_ADMIN: _l("Looks after people, policies and lists of some domains."),
    Role.ADMIN: _l("May do everything here, and decides who else may."),
}


@bp.get("/<int:account_id>/role")
@for_fresh_admin
def index(account_id: int) -> str:
    """Show what somebody may administer."""
    return _page(_found(g.db, account_id))


@bp.post("/<int:account_id>/role")
@for_fresh_admin
def act(account_id: int) -> str | Response | tuple[str, int]:
    """Keep another role; whoever has it signs in anew."""
    whose, said = _found(g.db, account_id), request.form.get("role", "")
    if said not in {each.value for each in ROLES}:
        abort(400)
    chosen = {each.id for each in _domains() if str(each.id) in request.form.getlist("domain")}
    if said == Role.DOMAIN_ADMIN and not chosen:
        return _page(whose, role=Role(said), wrong=_("Choose at least one domain.")), 422
    try:
        with store().write() as db:
            theirs = _found(db, account_id)
            changed = roles.set_role(db, theirs, Role(said), chosen, by=g.visitor.name)
    except LastOne:
        text = _("Nobody else administers %(tenant)s. Make somebody else an administrator first.",
                 tenant=g.tenant.name)  # fmt: skip
        return _page(whose, role=Role(said), wrong=text), 422
    except BadName:
        abort(400)
    if changed:
        flash(_("The role is changed. %(person)s signs in anew.", person=whose.email), "success")
    return redirect(url_for("people.look", account_id=account_id), 303)


def _found(db: Session, account_id: int) -> Account:
    return people.one(db, g.realm, account_id) or abort(404)


def _domains() -> Sequence[Domain]:
    theirs = select(Domain).where(Domain.tenant_id == g.tenant.id, Domain.alias_of_id.is_(None))
    found: Sequence[Domain] = g.db.scalars(theirs.order_by(Domain.name)).all()
    return found


def _page(whose: Account, *, role: Role | None = None, wrong: str = "") -> str:
    return render_template(
        "admin/role.html",
        whose=whose,
        roles=[(each, text, ABOUT[each]) for each, text in ROLES.items()],
        chosen=role or whose.role,
        domains=_domains(),
        theirs=roles.domains_of(g.db, whose),
        wrong=wrong,
    )
