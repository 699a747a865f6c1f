"""Asking for a held mail that people may not deliver themselves."""

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import TextAreaField

from mailstore import disclosures, quarantine, requests, rights
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldRight
from mailstore.rights import SEEN
from mailstore.texts import LONGEST_TEXT
from portal.access import for_user, store
from portal.forms import PlainText
from portal.quarantine.place import back, carried

bp = Blueprint("asking", __name__, url_prefix="/quarantine")


class AskForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Why somebody expects a message."""

    why = TextAreaField(_l("Why do you expect this message? (optional)"), [PlainText(LONGEST_TEXT)])


@bp.get("/<int:delivery_id>/ask")
@for_user
def ask(delivery_id: int) -> str:
    """Show the mail in short, what is dangerous about it, and the form or what was answered."""
    return _page(_found(delivery_id), AskForm())


@bp.post("/<int:delivery_id>/ask")
@for_user
def act(delivery_id: int) -> Response | tuple[str, int]:
    """Ask an administrator for the delivery of a mail."""
    delivery, form = _found(delivery_id), AskForm()
    if not form.validate():
        return _page(delivery, form), 422
    may = rights.of_scope(g.db, g.scope).allow(HeldRight.ASK)
    with store().write() as db:
        asked = requests.ask(
            db, g.scope, delivery_id, form.why.data or "", by=g.visitor.name, may=may
        )
    if asked:
        flash(_("An administrator is told and will answer you."), "success")
    else:
        flash(_("This message cannot be asked for any more."), "info")
    return redirect(url_for(".ask", delivery_id=delivery_id, back=carried(back())), 303)


def _page(delivery: Delivery, form: AskForm) -> str:
    right = rights.of_scope(g.db, g.scope).to(delivery)
    return render_template(
        "quarantine/ask.html",
        delivery=delivery,
        form=form,
        asked=requests.of(g.db, [delivery.id]).get(delivery.id),
        readings=disclosures.readings(g.db, delivery.id),
        held=delivery.state is State.QUARANTINED,
        may_ask=right is HeldRight.ASK,
        may_deliver=right is HeldRight.DELIVER,
        back=carried(back()),
    )


def _found(delivery_id: int) -> Delivery:
    """Return a mail that the visitor may know of; what a policy hides is not there."""
    delivery = quarantine.look(g.db, g.scope, delivery_id)
    if delivery is None or rights.of_scope(g.db, g.scope).to(delivery) not in SEEN:
        abort(404)
    return delivery
