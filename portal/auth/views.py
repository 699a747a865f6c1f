"""Signing in with a password, and out."""

from flask import (
    Blueprint,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, Length

from mailstore import accounts, attempts, sessions
from mailstore.accounts import Account
from portal.access import SignedIn, device_token, for_anyone, store
from portal.auth.paths import own_path

bp = Blueprint("auth", __name__)

KIND = "sign_in"
MOST_FOR_ACCOUNT = 10
MOST_FROM_ADDRESS = 50
DEVICE_SECONDS = int(sessions.DEVICE_LIFE.total_seconds())


class SignInForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Address and password."""

    email = StringField(_l("E-mail address"), [DataRequired(), Length(max=320)])
    password = PasswordField(_l("Password"), [DataRequired(), Length(max=1024)])


@bp.get("/sign-in")
@for_anyone
def sign_in() -> str | Response:
    """Show the form."""
    if g.visitor.account:
        return redirect(url_for("home.index"), 303)
    return render_template("auth/sign_in.html", form=SignInForm())


@bp.post("/sign-in")
@for_anyone
def act() -> Response | tuple[str, int]:
    """Sign a person in; wrong or unknown looks and takes the same."""
    form = SignInForm()
    email = (form.email.data or "").strip().lower()
    if not form.validate() or _slowed(email):
        return _again(form, _("That did not work. Please check both fields, or wait a while."))
    account = accounts.find(g.db, email)
    if not accounts.password_fits(account, form.password.data or "") or account is None:
        with store().write() as db:
            attempts.failed(db, KIND, *_keys(email))
        return _again(form, _("Address and password do not fit together."))
    return _begin(account)


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


def _keys(email: str) -> tuple[str, str]:
    """Return what failures are counted by: this account from here, and all from here.

    Not the account alone, or anybody could lock a person out of it.
    """
    address = request.remote_addr or ""
    return f"{email} {address}", address


def _slowed(email: str) -> bool:
    for_account, from_address = _keys(email)
    return (
        attempts.count(g.db, KIND, for_account) >= MOST_FOR_ACCOUNT
        or attempts.count(g.db, KIND, from_address) >= MOST_FROM_ADDRESS
    )


def _again(form: SignInForm, text: str) -> tuple[str, int]:
    flash(text, "warning")
    return render_template("auth/sign_in.html", form=form), 422


def _begin(account: Account) -> Response:
    agent = request.user_agent.string
    device = device_token() or sessions.new_token()
    scope = accounts.scope_of(g.db, account)
    with store().write() as db:
        token = sessions.start(db, account, agent)
        sessions.remember_device(db, device, scope.mailbox_ids or frozenset(), agent)
    session.clear()
    login_user(SignedIn(token, account))
    target = own_path(request.args.get("next", "")) or url_for("home.index")
    return with_device(redirect(target, 303), device)


def with_device(answer: Response, token: str) -> Response:
    """Let the browser keep what makes it known."""
    answer.set_cookie(
        current_app.config["DEVICE_COOKIE_NAME"],
        token,
        max_age=DEVICE_SECONDS,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return answer
