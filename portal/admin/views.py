"""Settings of a tenant: retention, and the webmail on or off."""

from collections.abc import Sequence

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField, IntegerField
from wtforms.validators import InputRequired, NumberRange

from mailstore import requests, scanners, tenants
from mailstore.tenants import HELD_DAYS, KEEP_DAYS, LONGEST_DAYS, PIN_DAYS, TenantState
from portal.access import for_admin, for_administrator, store
from portal.admin import places

bp = Blueprint("admin", __name__, url_prefix="/admin")

_TOO_FEW = _l("Mail is kept for at least %(min)s days, so that nobody loses any over a weekend.",
              min=KEEP_DAYS)  # fmt: skip


class RetentionForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """How long mail is kept, and whether people may read copies."""

    keep_days = IntegerField(
        _l("Days that copies of all mail are kept"),
        [InputRequired(), NumberRange(KEEP_DAYS, LONGEST_DAYS, message=_TOO_FEW)],
        default=KEEP_DAYS,
    )
    held_days = IntegerField(
        _l("Days that held mail is kept"),
        [InputRequired(), NumberRange(KEEP_DAYS, LONGEST_DAYS, message=_TOO_FEW)],
        default=HELD_DAYS,
    )
    pin_days = IntegerField(
        _l("Days that people may keep single messages (0: not at all)"),
        [InputRequired(), NumberRange(0, LONGEST_DAYS)],
        default=PIN_DAYS,
    )
    webmail_on = BooleanField(_l("People may read copies in the emergency webmail"))


@bp.get("/")
@for_administrator
def index() -> Response:
    """Lead to what waits for an answer, or else to the first page that is theirs."""
    mine = [each.endpoint for each in places.places()]
    asked = "requests.index" in mine and requests.count_open(g.db, g.tenant.id)
    return redirect(url_for("requests.index" if asked else _first(mine)), 303)


@bp.get("/retention")
@for_admin
def retention() -> str:
    """Show the form as it stands."""
    return _page(RetentionForm(obj=g.tenant))


@bp.post("/retention")
@for_admin
def act() -> Response | tuple[str, int]:
    """Keep what an administrator decided."""
    form = RetentionForm()
    if not form.validate():
        return _page(form), 422
    tenant, by = g.tenant, g.visitor.name
    with store().write() as db:
        days = form.keep_days.data, form.held_days.data, form.pin_days.data
        tenants.set_retention(db, tenant.id, *days, by=by)
        if form.webmail_on.data != tenant.webmail_on:
            tenants.switch_webmail(db, tenant.id, on=form.webmail_on.data, by=by)
    flash(_("The settings are saved."), "success")
    return redirect(url_for(".retention"), 303)


def _first(mine: Sequence[str]) -> str:
    # What is left to do leads while it is left.
    if mine[0] == "start.index" and g.tenant.state is not TenantState.PREPARING:
        return mine[1]
    return mine[0]


def _page(form: RetentionForm) -> str:
    return render_template("admin/retention.html", form=form, silent=scanners.silent(g.db))
