"""How long mail is kept: what that costs, what a shorter time ends, and what was erased."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField
from wtforms.validators import InputRequired, NumberRange

from mailstore import scanners, tenants
from mailstore.erasure import cuts, forecast
from mailstore.erasure.forecast import Ending
from mailstore.tenants import HELD_DAYS, KEEP_DAYS, LONGEST_DAYS, PIN_DAYS
from portal.access import for_fresh_admin, store
from portal.forms import WholeNumber

bp = Blueprint("retention", __name__, url_prefix="/admin/retention")

_TOO_FEW = _l("Mail is kept for at least %(min)s days, so that nobody loses any over a weekend.",
              min=KEEP_DAYS)  # fmt: skip


class RetentionForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """How long mail is kept, and whether people may read copies."""

    keep_days = WholeNumber(
        _l("Days that copies of all mail are kept"),
        [InputRequired(), NumberRange(KEEP_DAYS, LONGEST_DAYS, message=_TOO_FEW)],
        default=KEEP_DAYS,
    )
    held_days = WholeNumber(
        _l("Days that held mail is kept"),
        [InputRequired(), NumberRange(KEEP_DAYS, LONGEST_DAYS, message=_TOO_FEW)],
        default=HELD_DAYS,
    )
    pin_days = WholeNumber(
        _l("Days that people may keep single messages (0: not at all)"),
        [InputRequired(), NumberRange(0, LONGEST_DAYS)],
        default=PIN_DAYS,
    )
    webmail_on = BooleanField(_l("People may read copies in the emergency webmail"))

    @property
    def days(self) -> tuple[int, int]:
        """Return the days of copies and of held mail."""
        return self.keep_days.data, self.held_days.data


@bp.get("")
@for_fresh_admin
def show() -> str:
    """Show the form as it stands."""
    return _page(RetentionForm(obj=g.tenant))


@bp.post("")
@for_fresh_admin
def act() -> Response | str | tuple[str, int]:
    """Keep what an administrator decided, or show what it would come to."""
    form = RetentionForm()
    if not form.validate():
        return _page(form), 422
    ending = _ending(form)
    if request.form.get("deed") == "preview":
        return _page(form, ending)
    if ending and request.form.get("sure") != _sure(form):
        return _page(form, ending)
    tenant, by = g.tenant, g.visitor.name
    with store().write() as db:
        cuts.change(db, tenant.id, *form.days, form.pin_days.data, by=by)
        if form.webmail_on.data != tenant.webmail_on:
            tenants.switch_webmail(db, tenant.id, on=form.webmail_on.data, by=by)
    flash(_("The settings are saved."), "success")
    return redirect(url_for(".show"), 303)


def _ending(form: RetentionForm) -> Ending | None:
    """Return what shorter days end; None if they are not shorter, or nothing is stored."""
    keep, held = form.days
    if keep >= g.tenant.keep_days and held >= g.tenant.held_days:
        return None
    found = forecast.ending(g.db, g.tenant.id, keep, held)
    return found if found.concerns else None


def _sure(form: RetentionForm) -> str:
    """Return what a form says that was confirmed: these very days, and no others."""
    return "{}-{}".format(*form.days)


def _page(form: RetentionForm, ending: Ending | None = None) -> str:
    now = g.tenant.keep_days, g.tenant.held_days
    days = now if form.errors else form.days
    return render_template(
        "admin/retention.html",
        form=form,
        silent=scanners.silent(g.db),
        traffic=forecast.traffic(g.db, g.tenant.id, *now),
        days=days,
        changed=days != now,
        ending=ending,
        sure=_sure(form),
        records=forecast.records(g.db, g.tenant.id),
    )
