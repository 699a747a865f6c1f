"""The second step of signing in: a code of the person's app, or one kept for its loss."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailstore import attempts, clock, codes, factors, sessions
from mailstore.accounts import Account
from mailstore.attempts import Begun
from mailstore.codes import CodeKind, Found
from portal.access import device_token, for_anyone, store
from portal.auth import entering, tries
from portal.auth.tries import Answer

bp = Blueprint("second", __name__)

PENDING = "second"
LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Pending:
    """Who has done the first step in this browser, and how."""

    account: Account
    way: str


def begin(account: Account, way: str) -> Response:
    """Note the first step in the cookie and lead to the second."""
    session.clear()
    session[PENDING] = {"account": account.id, "at": clock.now().timestamp(), "way": str(way)}
    return redirect(url_for("second.ask", next=entering.following()), 303)


@bp.get("/sign-in/code")
@for_anyone
def ask() -> str | Response:
    """Ask for a code."""
    return _page() if _pending() else _from_the_start()


@bp.post("/sign-in/code")
@for_anyone
def act() -> Answer:
    """Sign a person in whose code fits."""
    pending, text = _pending(), request.form.get("code", "")[:100]
    if pending is None:
        return _from_the_start()
    found, begun = _looked_up(pending.account, text)
    if begun.wait:
        return tries.too_often(begun.wait)
    if found is not None and not found.fits():
        return _again()
    with store().write() as db:
        account = _settled(db, pending.account.id, text, found)
        if account is not None:
            attempts.take_back(db, begun)
            token, device = entering.start(db, account, pending.way)
    return entering.enter(account, pending.way, token, device) if account else _again()


def _looked_up(account: Account, text: str) -> tuple[Found | None, Begun]:
    """Count the try; return the recovery code that it may be, None for a code of the app."""
    if codes.looks_like_code(text):
        (begun,) = tries.begin((tries.RECOVERY, tries.limits(account.email, strangers=None)))
        return codes.find(g.db, account.id, CodeKind.RECOVERY, text), begun
    known = sessions.knows(g.db, device_token(), account)
    strangers = None if known else tries.MOST_SECOND
    (begun,) = tries.begin((tries.SECOND, tries.limits(account.email, strangers=strangers)))
    return None, begun


def _settled(db: Session, account_id: int, text: str, found: Found | None) -> Account | None:
    account = db.get(Account, account_id)
    if account is None or not account.active:
        return None
    fits = codes.take(db, found) if found else factors.fits(db, store().ring, account_id, text)
    return account if fits else None


def _pending() -> Pending | None:
    kept: Any = session.get(PENDING)
    if not kept or clock.now().timestamp() - kept["at"] > LIFE.total_seconds():
        return None
    account = g.db.get(Account, kept["account"])
    usable = account is not None and account.active and factors.is_on(account)
    return Pending(account, kept["way"]) if usable else None


def _from_the_start() -> Response:
    session.pop(PENDING, None)
    return redirect(url_for("auth.sign_in", next=entering.following()), 303)


def _again() -> tuple[str, int]:
    flash(_("This code does not fit. Codes of an app change every 30 seconds."), "warning")
    return _page(), 422


def _page() -> str:
    return render_template("auth/second.html")
