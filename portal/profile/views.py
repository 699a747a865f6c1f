"""A person's language and contact: how they are spoken to, and where they are told of an outage."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import Length, Optional

from mailstore import accounts, people
from mailstore.accounts import Account
from mailstore.errors import BadAddress, BadName
from portal import languages
from portal.access import for_fresh, for_user, store

bp = Blueprint("profile", __name__, url_prefix="/profile")

AS_BROWSER = ""


class ContactForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A private address."""

    private_address = StringField(
        _l("Private e-mail address; empty for none"), [Optional(), Length(max=254)]
    )


@bp.get("/")
@for_user
def index() -> Response:
    """Lead to the first of the pages."""
    return redirect(url_for(".contact"), 303)


@bp.get("/contact")
@for_user
def contact() -> str:
    """Show both forms as they stand."""
    return _page(ContactForm(obj=g.visitor.account))


@bp.post("/contact")
@for_fresh
def act() -> Response | tuple[str, int]:
    """Keep the address, if it is one that does not come through here."""
    form = ContactForm()
    if not form.validate() or not _kept(form):
        return _page(form), 422
    flash(_("Your contact is saved."), "success")
    return redirect(url_for(".contact"), 303)


@bp.post("/language")
@for_user
def language() -> Response | tuple[str, int]:
    """Speak to the person in the language they chose, here and in mails."""
    wished = request.form.get("language")
    if wished is None or wished not in (AS_BROWSER, *languages.SPOKEN):
        return _page(ContactForm(obj=g.visitor.account), unspoken=True), 422
    with store().write() as db:
        account = db.get_one(Account, g.visitor.account.id)
        accounts.set_language(db, account, wished, by=g.visitor.name)
    return languages.keep(redirect(url_for(".contact"), 303), wished)


def _kept(form: ContactForm) -> bool:
    try:
        with store().write() as db:
            account = db.get_one(Account, g.visitor.account.id)
            people.set_private_address(
                db, account, form.private_address.data or "", by=g.visitor.name
            )
    except BadAddress:
        form.private_address.errors = [_("This is not a mail address.")]
    except BadName:
        form.private_address.errors = [
            _("Mail to this address comes through here too. Name one elsewhere.")
        ]
    return not form.private_address.errors


def _page(form: ContactForm, *, unspoken: bool = False) -> str:
    own = g.visitor.account.language
    return render_template(
        "profile/contact.html",
        form=form,
        wished=languages.chosen() if own is None else own,
        unspoken=unspoken,
    )
