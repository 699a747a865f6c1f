"""A new password: by a link that was mailed, or while signed in."""

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
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField
from wtforms.validators import DataRequired, EqualTo

from mailstore import accounts, attempts, hashing, passwords, resets, sessions
from mailstore.accounts import Account
from mailstore.passwords import SHORTEST, Weakness, WeakPassword
from mailstore.tenants import Tenant
from portal.access import for_anyone, for_fresh, store
from portal.auth import entering, tries
from portal.auth.tries import Answer

bp = Blueprint("password", __name__)

MOST_RESETS = 10
TEXTS = {
    Weakness.LENGTH: _l("Use at least %(num)d characters, and no more than 1024.", num=SHORTEST),
    Weakness.GUESSABLE: _l("This is easy to guess. Use three or four words in a row."),
    Weakness.BREACHED: _l(
        "This is on lists of stolen passwords. Use one that you use nowhere else."
    ),
}


class PasswordForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A new password, and the same once more."""

    password = PasswordField(_l("New password"), [DataRequired()])
    once_more = PasswordField(
        _l("The same once more"),
        [EqualTo("password", message=_l("The two are not the same. Type both again."))],
    )


@bp.get("/password/forgot")
@for_anyone
def forgot() -> str:
    """Ask for the address."""
    return render_template("auth/forgot.html")


@bp.post("/password/forgot")
@for_anyone
def remind() -> Answer:
    """Have a link mailed; the answer is the same for an address that nobody has."""
    email = request.form.get("email", "").strip().lower()[:320]
    with store().write() as db:
        begun = attempts.begin(db, tries.RESET, [tries.from_here(MOST_RESETS)])
        account = accounts.find(db, email)
        if begun.wait is None and account and account.active and account.tenant_id:
            resets.ask(db, account)
    if begun.wait:
        return tries.too_often(begun.wait)
    return redirect(url_for(".asked"), 303)


@bp.get("/password/asked")
@for_anyone
def asked() -> str:
    """Say what happens now, and what to do if no mail comes."""
    return render_template("auth/asked.html")


@bp.get("/password/new/<secret>")
@for_anyone
def new(secret: str) -> str | tuple[str, int]:
    """Show the form that a mailed link leads to."""
    account = resets.account_of(g.db, secret)
    return _form(PasswordForm(), account) if account else _dead()


@bp.post("/password/new/<secret>")
@for_anyone
def set_new(secret: str) -> Response | str | tuple[str, int]:
    """Set the password once; whoever was signed in has to sign in anew."""
    form, account = PasswordForm(), resets.account_of(g.db, secret)
    if account is None:
        return _dead()
    hashed = _hashed(form, account)
    if hashed is None:
        return _form(form, account), 422
    with store().write() as db:
        account = resets.use(db, secret)
        if account is not None:
            passwords.set_hash(db, account, hashed, by=account.email)
    if account is None:
        return _dead()
    session.clear()
    flash(_("Your new password is set. Sign in with it."), "success")
    return redirect(url_for("auth.sign_in"), 303)


@bp.get("/password/change")
@for_fresh
def change() -> str:
    """Show the form to whoever is signed in."""
    return _form(PasswordForm(), g.visitor.account)


@bp.post("/password/change")
@for_fresh
def set_own() -> Response | tuple[str, int]:
    """Set the password, end all sessions, and go on in a new one here."""
    form, account = PasswordForm(), g.visitor.account
    hashed = _hashed(form, account)
    if hashed is None:
        return _form(form, account), 422
    with store().write() as db:
        way = sessions.way_of(db, current_user.id)
        passwords.set_hash(db, account, hashed, by=account.email)
        token, device = entering.start(db, account, way)
    answer = entering.enter(account, "", token, device)
    flash(_("Your new password is set."), "success")
    return answer


def _hashed(form: PasswordForm, account: Account) -> str | None:
    """Return the hash of a password that can be set; None with a sentence next to the field."""
    if not form.validate():
        return None
    tenant = g.db.get(Tenant, account.tenant_id) if account.tenant_id else None
    words, listed = passwords.words_about(account, tenant), current_app.extensions["settings"]
    try:
        wished = passwords.check(form.password.data, words, listed.breached_passwords)
    except WeakPassword as error:
        form.password.errors = [TEXTS[error.why]]
        return None
    return hashing.hashed(wished)


def _form(form: PasswordForm, account: Account) -> str:
    return render_template(
        "auth/password.html", form=form, whose=account, later=entering.after(), least=SHORTEST
    )


def _dead() -> tuple[str, int]:
    return render_template("auth/dead.html"), 410
