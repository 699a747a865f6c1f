"""The second step of signing in: a code of the person's app, or one kept for its loss."""

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailstore import attempts, codes, factors, sessions
from mailstore.accounts import Account
from mailstore.attempts import Begun
from mailstore.codes import CodeKind, Found
from mailstore.sessions import Halfway
from portal.access import for_anyone, store
from portal.auth import entering, proof, tries
from portal.auth.proof import Asked, Way
from portal.auth.tries import Answer

bp = Blueprint("second", __name__)

PENDING = "second"


def let_in(asked: Asked, *, whose: Account | None = None) -> Response | None:
    """Begin a session, or lead to the second step; None if nothing was proven.

    Somebody who is in already, `whose`, proves again to be the same.
    """
    if asked.proof is None:
        return None
    way = asked.proof.way
    with store().write() as db:
        account = proof.settle(db, asked)
        if account is None or (whose and account.id != whose.id):
            return None
        if factors.is_on(account) and way is not Way.CODE:
            return _begin(db, account, way)
        token, device = entering.start(db, account, way)
    return entering.enter(account, "" if whose else way, token, device)


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
            sessions.end(db, session[PENDING])
            token, device = entering.start(db, account, pending.way)
    return entering.enter(account, pending.way, token, device) if account else _again()


def _begin(db: Session, account: Account, way: str) -> Response:
    agent, address = request.user_agent.string, request.remote_addr or ""
    session[PENDING] = sessions.start_halfway(db, account, agent, way=way, address=address)
    return redirect(url_for("second.ask", next=entering.following()), 303)


def _looked_up(account: Account, text: str) -> tuple[Found | None, Begun]:
    """Count the try; return the recovery code that it may be, None for a code of the app."""
    email, known = account.email, tries.knows(account)
    if codes.looks_like_code(text):
        (begun,) = tries.begin((tries.RECOVERY, tries.limits(email, known=known, most=None)))
        return codes.find(g.db, account.id, CodeKind.RECOVERY, text), begun
    return None, tries.begin_second(email, known=known)


def _settled(db: Session, account_id: int, text: str, found: Found | None) -> Account | None:
    # Nobody sets a password or ends sessions now; either may have been done meanwhile.
    account = db.get(Account, account_id, with_for_update=True)
    if account is None or sessions.halfway(db, session[PENDING]) is None:
        return None
    fits = codes.take(db, found) if found else factors.fits(db, store().ring, account_id, text)
    return account if fits else None


def _pending() -> Halfway | None:
    token = session.get(PENDING)
    found = sessions.halfway(g.db, token) if isinstance(token, str) else None
    return found if found and factors.is_on(found.account) else None


def _from_the_start() -> Response:
    session.pop(PENDING, None)
    return redirect(url_for("auth.sign_in", next=entering.following()), 303)


def _again() -> tuple[str, int]:
    flash(_("This code does not fit. Codes of an app change every 30 seconds."), "warning")
    return _page(), 422


def _page() -> str:
    return render_template("auth/second.html")
