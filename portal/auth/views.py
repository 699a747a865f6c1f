"""Signing in with a password or a code, and out."""

from flask import Blueprint, flash, g, redirect, render_template, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, Length

from mailstore import sessions
from portal.access import for_anyone, store
from portal.auth import entering, proof, second, tries
from portal.auth.proof import Asked
from portal.auth.tries import Answer

bp = Blueprint("auth", __name__)


class SignInForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Address and password."""

    email = StringField(_l("E-mail address"), [DataRequired(), Length(max=320)])
    password = PasswordField(_l("Password or emergency code"), [DataRequired(), Length(max=1024)])


@bp.get("/sign-in")
@for_anyone
def sign_in() -> str | Response:
    """Show the form."""
    if g.visitor.account:
        return redirect(entering.after(), 303)
    return _page(SignInForm())


@bp.post("/sign-in")
@for_anyone
def act() -> Answer:
    """Sign a person in; wrong, unknown or turned off looks and takes the same."""
    form = SignInForm()
    email = (form.email.data or "").strip().lower()
    if not form.validate():
        return _again(form, Asked())
    asked = proof.ask(email, form.password.data or "")
    if asked.wait:
        return tries.too_often(asked.wait)
    return second.let_in(asked) or _again(form, asked)


@bp.post("/sign-out")
@for_anyone
def sign_out() -> Response:
    """End the session: its row is gone, so the cookie is worth nothing."""
    if current_user.is_authenticated:
        with store().write() as db:
            sessions.end(db, current_user.id)
    logout_user()
    session.clear()
    flash(_("You are signed out."), "info")
    return redirect(url_for("auth.sign_in"), 303)


def _again(form: SignInForm, asked: Asked) -> tuple[str, int]:
    flash(_("Address and password do not fit together."), "warning")
    return _page(form, silent=asked.silent), 422


def _page(form: SignInForm, *, silent: bool = False) -> str:
    return render_template(
        "auth/sign_in.html", form=form, silent=silent, following=entering.following()
    )
