"""Requests for held mail: what people ask for, and what an administrator answers.

The mail itself is shown to an administrator who said why, for as long as that line of the log
lasts, and never without it.
"""

from collections.abc import Callable

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import TextAreaField

from mailstore import disclosures, requests, timeline
from mailstore.requests import Asked
from mailstore.texts import LONGEST_TEXT
from portal.access import for_keeper, store
from portal.admin.reason import ReasonForm
from portal.content import reading
from portal.forms import PlainText
from portal.paging import asked_page, one_page

bp = Blueprint("requests", __name__, url_prefix="/admin/requests")


class AnswerForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """What the person is told with the decision."""

    answer = TextAreaField(_l("What you tell the person (optional)"), [PlainText(LONGEST_TEXT)])


@bp.get("/")
@for_keeper
def index() -> str:
    """Show what waits for an answer, the oldest first."""
    found = one_page(requests.open_ones(g.db, g.tenant.id, asked_page()), _place)
    return render_template("admin/requests.html", found=found, waiting=True)


@bp.get("/answered")
@for_keeper
def answered() -> str:
    """Show what was answered or went another way, the newest first."""
    found = one_page(requests.answered(g.db, g.tenant.id, asked_page()), _place)
    return render_template("admin/requests.html", found=found, waiting=False)


@bp.get("/<int:request_id>")
@for_keeper
def look(request_id: int) -> str:
    """Show one request, and the mail itself to whoever said why they read it."""
    return _page(_found(request_id))


@bp.get("/<int:request_id>/body")
@for_keeper
def body(request_id: int) -> ResponseReturnValue:
    """Show the HTML of the mail in its frame, under the same condition."""
    asked = _found(request_id)
    if not disclosures.may_read(g.db, asked, by=g.visitor.name):
        abort(404)
    return reading.body_response(asked.delivery.message)


@bp.post("/<int:request_id>/read")
@for_keeper
def read(request_id: int) -> ResponseReturnValue:
    """Note why an administrator reads the mail; the page it leads to shows it."""
    asked, form = _found(request_id), ReasonForm()
    if not asked.open:
        return _to_look(request_id, _("This request is not open any more."))
    if not form.validate():
        return _page(asked, reason=form), 422
    with store().write() as db:
        disclosures.disclose(
            db, asked.delivery, form.reason.data, by=g.visitor.name, request_id=request_id
        )
    return redirect(url_for(".look", request_id=request_id, _anchor="content"), 303)


@bp.post("/<int:request_id>/deliver")
@for_keeper
def grant(request_id: int) -> ResponseReturnValue:
    """Have the mail delivered."""
    return _answer(request_id, requests.grant, _("The message is on its way. The person is told."))


@bp.post("/<int:request_id>/refuse")
@for_keeper
def refuse(request_id: int) -> ResponseReturnValue:
    """Leave the mail in quarantine."""
    return _answer(request_id, requests.refuse, _("The message stays held. The person is told."))


def _answer(request_id: int, deed: Callable[..., bool], text: str) -> ResponseReturnValue:
    asked, form = _found(request_id), AnswerForm()
    if not form.validate():
        return _page(asked, answer=form), 422
    with store().write() as db:
        answer = form.answer.data or ""
        done = deed(db, g.tenant.id, request_id, by=g.visitor.name, answer=answer)
    if not done:
        return _to_look(request_id, _why_not(asked))
    flash(text, "success")
    return redirect(url_for(".index"), 303)


def _why_not(asked: Asked) -> str:
    if requests.is_left_to_others(g.db, asked.request, g.visitor.name):
        return str(_("You asked for this message yourself, so another administrator answers."))
    if asked.open and not asked.grantable:
        return str(_("A virus is delivered to nobody."))
    return str(_("This request is not open any more."))


def _to_look(request_id: int, text: str) -> ResponseReturnValue:
    flash(text, "info")
    return redirect(url_for(".look", request_id=request_id), 303)


def _page(
    asked: Asked, *, answer: AnswerForm | None = None, reason: ReasonForm | None = None
) -> str:
    disclosed = disclosures.may_read(g.db, asked, by=g.visitor.name)
    return render_template(
        "admin/request.html",
        asked=asked,
        timeline=timeline.of(g.db, asked.delivery),
        left=requests.is_left_to_others(g.db, asked.request, g.visitor.name),
        disclosed=disclosed,
        reading=reading.read(asked.delivery.message) if disclosed else None,
        answer=answer or AnswerForm(),
        reason=reason or ReasonForm(),
    )


def _found(request_id: int) -> Asked:
    asked = requests.look(g.db, g.tenant.id, request_id)
    if asked is None:
        abort(404)
    return asked


def _place(asked: Asked) -> tuple[object, int]:
    return asked.request.asked_at, asked.request.id
