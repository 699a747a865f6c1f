"""Whom strangers may not pretend to be: people and partners that administrators name."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore import protection
from mailstore.addresses import Address
from mailstore.errors import BadAddress, BadName
from portal.access import for_admin, store

bp = Blueprint("protected", __name__, url_prefix="/admin/policies/protected")

PERSON, PARTNER = "person", "partner"


@bp.get("/")
@for_admin
def index() -> str:
    """List the people and partners that are protected by hand."""
    return _page()


@bp.post("/people")
@for_admin
def add_person() -> Response | tuple[str, int]:
    """Protect a name, and let mail from an address outside show it."""
    name, said = request.form.get("name", ""), request.form.get("address", "").strip()
    try:
        address = Address.parse(said) if said else None
        with store().write() as db:
            added = protection.add_person(db, g.tenant.id, name, address, by=g.visitor.name)
    except (BadName, BadAddress):
        return _page(wrong=PERSON), 422
    return _told(name, added=added)


@bp.post("/people/remove")
@for_admin
def remove_person() -> Response:
    """Protect a name no longer."""
    name = request.form.get("name", "")
    with store().write() as db:
        protection.remove_person(db, g.tenant.id, name, by=g.visitor.name)
    return _removed(name)


@bp.post("/partners")
@for_admin
def add_partner() -> Response | tuple[str, int]:
    """Protect the domain of a partner."""
    name = request.form.get("name", "").strip()
    try:
        with store().write() as db:
            added = protection.add_partner(db, g.tenant.id, name, by=g.visitor.name)
    except BadName:
        return _page(wrong=PARTNER), 422
    return _told(name, added=added)


@bp.post("/partners/remove")
@for_admin
def remove_partner() -> Response | tuple[str, int]:
    """Protect the domain of a partner no longer."""
    name = request.form.get("name", "")
    try:
        with store().write() as db:
            protection.remove_partner(db, g.tenant.id, name, by=g.visitor.name)
    except BadName:
        return _page(wrong=PARTNER), 422
    return _removed(name)


def _told(name: str, *, added: bool) -> Response:
    if added:
        flash(_("%(name)s is protected.", name=name), "success")
    else:
        flash(_("%(name)s was protected already.", name=name), "info")
    return redirect(url_for(".index"), 303)


def _removed(name: str) -> Response:
    flash(_("%(name)s is protected no longer.", name=name), "success")
    return redirect(url_for(".index"), 303)


def _page(wrong: str = "") -> str:
    return render_template(
        "admin/protected.html",
        people=protection.people_of(g.db, g.tenant.id),
        partners=protection.partners_of(g.db, g.tenant.id),
        wrong=wrong,
        typed=request.form,
        longest=protection.LONGEST_NAME,
    )
