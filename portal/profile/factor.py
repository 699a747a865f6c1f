"""How a person gets in: their password, and a second factor with codes for its loss."""

from dataclasses import dataclass

import segno
from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailstore import codes, factors
from mailstore.accounts import ADMINISTRATORS, Account
from mailstore.codes import CodeKind
from portal.access import for_fresh, for_user, store
from portal.auth import entering

bp = Blueprint("profile_factor", __name__, url_prefix="/profile/password")

PRODUCT = "Mailhafen"
SALT = "second factor"
# Long enough to find and install an app.
LIFE = 3600
LONGEST_CODE = 20


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret that is not in use yet: as a picture, to type, and as the form carries it."""

    picture: str
    text: str
    carried: str


@bp.get("/")
@for_user
def index() -> str:
    """Show how the person gets in."""
    account = g.visitor.account
    return render_template(
        "profile/password.html",
        has_password=account.password_hash is not None,
        is_on=factors.is_on(account),
        left=codes.left(g.db, account.id, CodeKind.RECOVERY),
    )


@bp.get("/factor")
@for_fresh
def offer() -> str | Response:
    """Show a fresh secret; it is nobody's until a code of it was typed."""
    if factors.is_on(g.visitor.account):
        return redirect(url_for(".index"), 303)
    return _page(factors.new_secret())


@bp.post("/factor")
@for_fresh
def turn_on() -> str | Response | tuple[str, int]:
    """Ask for codes from now on, and show once those for the loss of the app."""
    secret = _carried()
    if secret is None or factors.is_on(g.visitor.account):
        flash(_("This page was open for too long. Please begin once more."), "info")
        return redirect(url_for(".index"), 303)
    made = codes.fresh(CodeKind.RECOVERY)
    code = request.form.get("code", "")[:LONGEST_CODE]
    with store().write() as db:
        account = _account(db)
        ring, by = store().ring, g.visitor.name
        done = not factors.is_on(account) and factors.turn_on(
            db, ring, account, secret, code, by=by
        )
        shown = codes.make_recovery(db, account, by=by, made=made) if done else []
    if not done:
        return _page(secret, wrong=True), 422
    following = entering.following()
    return render_template("profile/codes.html", codes=shown, just_on=True, following=following)


@bp.post("/factor/off")
@for_fresh
def turn_off() -> Response:
    """Ask for no codes any more; whoever administers others keeps theirs."""
    with store().write() as db:
        account = _account(db)
        kept = account.role in ADMINISTRATORS
        if factors.is_on(account) and not kept:
            factors.turn_off(db, account, by=g.visitor.name)
    if kept:
        flash(_("Who administers others has a second factor, so yours stays on."), "info")
    else:
        flash(_("The second factor is off. Your password alone lets you in."), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/codes")
@for_fresh
def renew() -> str | Response:
    """Make new codes for the loss of the app, and show them once."""
    made = codes.fresh(CodeKind.RECOVERY)
    with store().write() as db:
        account = _account(db)
        on = factors.is_on(account)
        shown = codes.make_recovery(db, account, by=g.visitor.name, made=made) if on else []
    if not shown:
        return redirect(url_for(".index"), 303)
    return render_template("profile/codes.html", codes=shown, just_on=False)


def _page(secret: str, *, wrong: bool = False) -> str:
    following = entering.following()
    offer = _offer(secret)
    return render_template("profile/factor.html", offer=offer, wrong=wrong, following=following)


def _offer(secret: str) -> Offer:
    issuer = g.tenant.name if g.tenant else PRODUCT
    picture = segno.make(factors.uri(g.visitor.account, secret, issuer), micro=False)
    # On white whatever the theme: cameras want dark on light.
    drawn = picture.svg_data_uri(scale=5, border=4, dark="#000", light="#fff")
    text = " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
    return Offer(drawn, text, _signer().dumps([g.visitor.account.id, secret]))


def _carried() -> str | None:
    """Return the secret that the form carries, if it was offered to this person lately."""
    try:
        account_id, secret = _signer().loads(request.form.get("offer", ""), max_age=LIFE)
    except BadData:
        return None
    return str(secret) if account_id == g.visitor.account.id else None


def _signer() -> URLSafeTimedSerializer:
    newest_last = current_app.extensions["settings"].signing_keys[::-1]
    return URLSafeTimedSerializer(list(newest_last), salt=SALT)


def _account(db: Session) -> Account:
    return db.get_one(Account, g.visitor.account.id)
