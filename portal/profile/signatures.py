"""How somebody signs what they write: a name and a signature for each of their addresses."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from mailstore.errors import BadName
from mailstore.writing import identities
from mailstore.writing.addressing import LONGEST_NAME
from mailstore.writing.identities import LONGEST_SIGNATURE, Identity
from portal.access import for_user, store
from portal.forms import PlainText

bp = Blueprint("profile_signatures", __name__, url_prefix="/profile/signatures")


class SignatureForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """The name and signature of an address."""

    name = StringField(_l("Name that others see"), [PlainText(LONGEST_NAME)])
    text = TextAreaField(_l("Signature"), [Length(max=LONGEST_SIGNATURE)])


@bp.get("/")
@for_user
def index() -> str:
    """Show all addresses, with a form for the one that is chosen."""
    mine = identities.of(g.db, g.visitor.account)
    wanted = request.args.get("address")
    me = identities.one(mine, wanted) if wanted else next(iter(mine), None)
    if wanted and me is None:
        abort(404)
    return _page(me, SignatureForm(obj=me, formdata=None))


@bp.post("/")
@for_user
def act() -> Response | tuple[str, int]:
    """Keep the name and signature of an address."""
    mine = identities.of(g.db, g.visitor.account)
    me, form = identities.one(mine, request.form.get("address", "")), SignatureForm()
    if me is None:
        abort(404)
    if not form.validate() or not _kept(me, form):
        return _page(me, form), 422
    flash(_("The signature is saved."), "success")
    return redirect(url_for(".index", address=me.address), 303)


def _kept(me: Identity, form: SignatureForm) -> bool:
    name, text = form.name.data or "", form.text.data or ""
    try:
        with store().write() as db:
            identities.describe(db, me, name, text, by=g.visitor.name)
    except BadName:
        form.text.errors = [_("A signature has no control characters.")]
        return False
    return True


def _page(me: Identity | None, form: SignatureForm) -> str:
    mine = identities.of(g.db, g.visitor.account)
    return render_template("profile/signatures.html", me=me, identities=mine, form=form)
