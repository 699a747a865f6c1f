"""Letting somebody in: a session of its own, a browser that is known, and where to go next."""

from flask import current_app, redirect, request, session, url_for
from flask_login import current_user, login_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailstore import accounts, devices, sessions
from mailstore.accounts import Account
from portal.access import SignedIn, device_token
from portal.auth.paths import own_path
from portal.auth.proof import Way

DEVICE_SECONDS = int(devices.LIFE.total_seconds())


def start(db: Session, account: Account, way: str) -> tuple[str, str]:
    """Begin a session in this browser and make it known; return the tokens of both."""
    agent, address = request.user_agent.string, request.remote_addr or ""
    if current_user.is_authenticated:
        sessions.end(db, current_user.id)
    token = sessions.start(db, account, agent, way=way, address=address)
    device = devices.renew(db, device_token())
    scope = accounts.scope_of(db, account)
    devices.know(db, device, scope.mailbox_ids or (), agent)
    return token, device


def enter(account: Account, way: str, token: str, device: str) -> Response:
    """Give this browser the cookies of a session that was begun, and nothing from before it."""
    session.clear()
    login_user(SignedIn(token, account))
    target = url_for("password.change", next=following()) if way == Way.CODE else after()
    return with_device(redirect(target, 303), device)


def following() -> str | None:
    """Return the path of ours that the address of this page names as the next one."""
    return own_path(request.args.get("next", ""))


def after() -> str:
    """Return where to go next."""
    return following() or url_for("home.index")


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
