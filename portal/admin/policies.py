"""Policies with a name: the list, what each says, copies, and changes of a tenant's own."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore import namedpolicies, origins, policybook, tailoring
from mailstore.errors import BadName, NotFound
from mailstore.namedpolicies import LONGEST_NAME, InUse
from mailstore.policies import PolicyRow
from portal.access import for_admin, for_manager, store
from portal.admin import policyforms, policytexts, policywords
from portal.admin.policyforms import Wrong

bp = Blueprint("policies", __name__, url_prefix="/admin/policies")

Answer = str | Response | tuple[str, int]


@bp.get("/")
@for_manager
def index() -> str:
    """List who goes by which policy, and the policies there are."""
    return render_template(
        "admin/policies.html",
        book=policybook.look(g.db, g.realm),
        name_of=policywords.name_of,
        unnoticed=policytexts.UNNOTICED,
    )


@bp.get("/<int:policy_id>")
@for_manager
def look(policy_id: int) -> str:
    """Show what a policy says."""
    return _page(policy_id)


@bp.post("/<int:policy_id>")
@for_admin
def act(policy_id: int) -> Answer:
    """Set or reset one value of a policy of the tenant's own."""
    _own(policy_id)
    field, resets = policyforms.asked()
    said = {} if resets else policyforms.checked(field)
    if isinstance(said, Wrong):
        return _page(policy_id, wrong=said), 422
    whose = g.tenant.id, policy_id
    with store().write() as db:
        if resets:
            namedpolicies.reset(db, *whose, [field.name], by=g.visitor.name)
        else:
            namedpolicies.change(db, *whose, said, by=g.visitor.name)
    flash(_("The settings are saved."), "success")
    return redirect(url_for(".look", policy_id=policy_id, _anchor=field.group), 303)


@bp.post("/<int:policy_id>/copy")
@for_admin
def copy(policy_id: int) -> Answer:
    """Make a policy of the tenant's own that says the same."""
    _visible(policy_id)
    name = request.form.get("name", "")
    try:
        with store().write() as db:
            made = namedpolicies.copy(db, g.tenant.id, policy_id, name, by=g.visitor.name)
    except BadName:
        return _page(policy_id, copied=name), 422
    flash(_("The policy “%(name)s” is made. Nobody goes by it yet.", name=made.name), "success")
    return redirect(url_for(".look", policy_id=made.id), 303)


@bp.post("/<int:policy_id>/rename")
@for_admin
def rename(policy_id: int) -> Answer:
    """Call a policy of the tenant's own something else."""
    _own(policy_id)
    name = request.form.get("name", "")
    try:
        with store().write() as db:
            namedpolicies.rename(db, g.tenant.id, policy_id, name, by=g.visitor.name)
    except BadName:
        return _page(policy_id, renamed=name), 422
    flash(_("The settings are saved."), "success")
    return redirect(url_for(".look", policy_id=policy_id), 303)


@bp.post("/<int:policy_id>/delete")
@for_admin
def delete(policy_id: int) -> Answer:
    """Delete a policy of the tenant's own, which nothing goes by."""
    name = _own(policy_id).name
    try:
        with store().write() as db:
            namedpolicies.delete(db, g.tenant.id, policy_id, by=g.visitor.name)
    except InUse:
        return _page(policy_id), 422
    flash(_("The policy “%(name)s” is deleted.", name=name), "success")
    return redirect(url_for(".index"), 303)


def _visible(policy_id: int) -> PolicyRow:
    try:
        return tailoring.visible(g.db, g.tenant.id, policy_id)
    except NotFound:
        abort(404)


def _own(policy_id: int) -> PolicyRow:
    row = _visible(policy_id)
    return row if row.tenant_id else abort(404)


def _page(policy_id: int, wrong: Wrong | None = None, **typed: str) -> str:
    policy = _visible(policy_id)
    return policyforms.page(
        origins.at(g.db, policy),
        wrong,
        policy=policy,
        title=policywords.name_of(policy),
        url=url_for(".act", policy_id=policy_id),
        changeable=g.realm.whole and policy.tenant_id is not None,
        users=namedpolicies.users_of(g.db, g.tenant.id, policy_id) if g.realm.whole else None,
        longest=LONGEST_NAME,
        typed=typed,
    )
