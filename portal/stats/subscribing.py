"""Reports about domains that come by mail: which there are, a new one, one at once, one no more."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from mailstore import stats, subscriptions
from mailstore.errors import BadAddress, BadName, NotFound
from mailstore.periods import Every
from mailstore.subscriptions import Kind, Wish
from portal import languages
from portal.access import for_admin, for_fresh_admin, store

bp = Blueprint("domain_reports", __name__, url_prefix="/admin/reports")

LONGEST_ADDRESS = 320
KINDS = {Kind.STATISTICS: _l("Statistics"), Kind.OVERVIEW: _l("Overview of the quarantine")}
TIMES = {
    Every.DAILY: _l("every day, about yesterday"),
    Every.WEEKLY: _l("on Mondays, about last week"),
    Every.MONTHLY: _l("on the 1st, about last month"),
}
TONGUES = {"de": "Deutsch", "fr": "Français", "it": "Italiano", "en": "English"}


def _choices(said: Mapping[Any, Any]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in said.items()]


class ReportForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A report that is to come by mail."""

    kind = SelectField(_l("Report"), choices=_choices(KINDS))
    address = StringField(_l("To this address"), [Length(max=LONGEST_ADDRESS)])
    period = SelectField(_l("When"), choices=_choices(TIMES), default=Every.WEEKLY)
    at = StringField(_l("At"), default="07:00")
    language = SelectField(_l("Language"), choices=_choices(TONGUES))
    detailed = BooleanField(
        _l("This address may get the addresses of our people and of who writes to them")
    )


@bp.get("/")
@for_admin
def index() -> str:
    """Show which reports come, and a form for another one."""
    return _page(ReportForm(formdata=None, language=languages.chosen()))


@bp.post("/")
@for_fresh_admin
def add() -> ResponseReturnValue:
    """Let a report come."""
    form = ReportForm()
    if not form.validate():
        return _page(form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with store().write() as db:
            made = subscriptions.add(db, g.tenant, _wish(form), by=g.visitor.name)
    except NotFound:
        abort(HTTPStatus.NOT_FOUND)
    except BadAddress:
        form.address.errors = [_("This is not a mail address.")]
    except BadName:
        _blame(form)
    else:
        flash(_("The report comes to %(address)s.", address=made.address), "success")
        return redirect(url_for(".index"), 303)
    return _page(form), HTTPStatus.UNPROCESSABLE_ENTITY


@bp.post("/<int:subscription_id>/send")
@for_admin
def send(subscription_id: int) -> ResponseReturnValue:
    """Let a report come at once."""
    with store().write() as db:
        if not subscriptions.send_now(db, g.tenant.id, subscription_id, by=g.visitor.name):
            abort(HTTPStatus.NOT_FOUND)
    flash(_("The report is on its way."), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/<int:subscription_id>/remove")
@for_admin
def remove(subscription_id: int) -> ResponseReturnValue:
    """Let a report come no more."""
    with store().write() as db:
        if not subscriptions.remove(db, g.tenant.id, subscription_id, by=g.visitor.name):
            abort(HTTPStatus.NOT_FOUND)
    flash(_("This report does not come any more."), "success")
    return redirect(url_for(".index"), 303)


def _wish(form: ReportForm) -> Wish:
    try:
        chosen = [int(each) for each in request.form.getlist("domains")]
    except ValueError:
        abort(HTTPStatus.NOT_FOUND)
    return Wish(
        kind=Kind(form.kind.data),
        address=form.address.data or "",
        period=Every(form.period.data),
        at=form.at.data or "",
        language=form.language.data,
        domain_ids=chosen,
        detailed=form.detailed.data,
    )


def _blame(form: ReportForm) -> None:
    """Say beside the field what is wrong, in the reader's language."""
    try:
        subscriptions.parse_time(form.at.data or "")
    except BadName:
        form.at.errors = [_("This is not a time of day such as 07:00.")]
        return
    if len(subscriptions.of_tenant(g.db, g.tenant.id)) >= subscriptions.MOST:
        form.address.errors = [
            _("There are %(num)d reports already. Remove one first.", num=subscriptions.MOST)
        ]
    else:
        form.address.errors = [_("There is no mailbox of ours with this address.")]


def _page(form: ReportForm) -> str:
    domains = stats.choose(g.db, g.tenant.id).domains
    names = {each.id: each.name for each in domains}
    reports = subscriptions.of_tenant(g.db, g.tenant.id)
    own = set(names.values())
    return render_template(
        "admin/reports.html",
        reports=reports,
        outside={each.id for each in reports if each.address.rpartition("@")[2] not in own},
        domains=domains,
        names=names,
        chosen=set(request.form.getlist("domains")),
        form=form,
        kinds=KINDS,
        times=TIMES,
    )
