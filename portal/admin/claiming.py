"""Adding a domain: it is claimed, and becomes the tenant's once DNS proves it."""

from typing import Any

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
from wtforms import SelectField, StringField
from wtforms.validators import Length, ValidationError

from mailstore import onboarding
from mailstore.domains import Domain
from mailstore.errors import BadName
from mailstore.naming import claims, hops
from mailstore.naming.claims import DomainClaim
from mailstore.onboarding import NewDomain
from portal.access import for_admin, for_fresh_admin, store
from portal.admin.domain_words import SEEN, just_now, no_route

bp = Blueprint("domain_claims", __name__, url_prefix="/admin/domains/claims")

LONGEST = 500
NO_ALIAS = 0


class ClaimForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """What an administrator says of a new domain."""

    name = StringField(_l("Domain"), [Length(max=LONGEST)])
    alias_of = SelectField(_l("People there"), coerce=int)
    next_hop = StringField(_l("Your mail server"), [Length(max=LONGEST)])

    def validate_name(self, field: Any) -> None:
        """Raise ValidationError for what nobody can own, and for what is here already."""
        try:
            name = claims.read_name(field.data or "")
        except BadName:
            raise ValidationError(
                _("This is not a domain name. One looks like example.com.")
            ) from None
        if onboarding.owner(g.db, name) == g.tenant.id:
            raise ValidationError(_("This is one of your domains already."))

    def validate_next_hop(self, field: Any) -> None:
        """Raise ValidationError for what is no server, or one of ours; an alias needs none."""
        if self.alias_of.data != NO_ALIAS:
            return
        try:
            self.route = hops.read(g.db, current_app.extensions["settings"], field.data or "")
        except hops.LeadsBack:
            raise ValidationError(
                _("This is one of our own servers: mail would go in a circle.")
            ) from None
        except BadName:
            raise ValidationError(no_route()) from None


@bp.get("/new")
@for_fresh_admin
def new() -> str:
    """Ask for a domain and where its mail goes."""
    return _page(_form())


@bp.post("/new")
@for_fresh_admin
def add() -> Response | tuple[str, int]:
    """Note that the domain is claimed."""
    form = _form()
    if not form.validate():
        return _page(form), 422
    alias = form.alias_of.data or None
    wanted = NewDomain(form.name.data, "" if alias else form.route, alias_of_id=alias)
    try:
        with store().write() as db:
            claim = claims.claim(db, g.tenant.id, wanted, by=g.visitor.name)
    except claims.Already:
        form.name.errors = [_("You have claimed this domain already.")]
        return _page(form), 422
    except claims.TooMany:
        form.name.errors = [_("Prove or withdraw some of the others first.")]
        return _page(form), 422
    return _to(claim)


@bp.get("/<int:claim_id>")
@for_admin
def look(claim_id: int) -> str:
    """Show what to publish, and what was found; a proven claim is gone, and its domain there."""
    claim = claims.one(g.db, g.tenant.id, claim_id)
    if claim is None:
        return _proven() or abort(404)
    hop = claim.next_hop or g.db.scalar(select(Domain.name).filter_by(id=claim.alias_of_id))
    return render_template(
        "admin/domain_claim.html",
        claim=claim,
        hop=hop,
        seen=SEEN,
        until=claim.made_at + claims.CHECKED_FOR,
    )


@bp.post("/<int:claim_id>/check")
@for_admin
def check(claim_id: int) -> Response:
    """Have DNS asked at once."""
    claim = _found(claim_id)
    with store().write() as db:
        asked = claims.ask(db, g.tenant.id, claim_id)
    if not asked:
        flash(just_now(), "info")
    return _to(claim)


@bp.post("/<int:claim_id>/withdraw")
@for_fresh_admin
def withdraw(claim_id: int) -> Response:
    """Give a claim up."""
    name = _found(claim_id).name
    with store().write() as db:
        claims.withdraw(db, g.tenant.id, claim_id, by=g.visitor.name)
    flash(_("%(domain)s is not claimed any more.", domain=name), "success")
    return redirect(url_for("domains.index"), 303)


def _form() -> ClaimForm:
    form = ClaimForm()
    own = select(Domain.id, Domain.name).filter_by(tenant_id=g.tenant.id, alias_of_id=None)
    choices = [(NO_ALIAS, _("have addresses of their own"))]
    choices += [(each, _("are those of %(domain)s, with the same names", domain=name))
                for each, name in g.db.execute(own.order_by(Domain.name))]  # fmt: skip
    form.alias_of.choices = choices
    return form


def _page(form: ClaimForm) -> str:
    return render_template("admin/domain_new.html", form=form)


def _found(claim_id: int) -> DomainClaim:
    return claims.one(g.db, g.tenant.id, claim_id) or abort(404)


def _proven() -> str | None:
    """Return the page of the domain that a claim became while somebody watched."""
    named = select(Domain).filter_by(tenant_id=g.tenant.id, name=request.args.get("name", ""))
    domain = g.db.scalar(named)
    return render_template("admin/domain_proven.html", domain=domain) if domain else None


def _to(claim: DomainClaim) -> Response:
    return redirect(url_for(".look", claim_id=claim.id, name=claim.name), 303)
