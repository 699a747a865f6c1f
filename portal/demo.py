"""The demo's outage switch, and the app of its administrators; no installation has these."""

from collections.abc import Callable

import pyotp
from flask import Blueprint, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from mailstore import clock, sessions
from portal.access import for_anyone, store
from portal.auth import second
from portal.auth.paths import own_path

bp = Blueprint("demo", __name__, url_prefix="/demo")


@bp.app_context_processor
def _switch() -> dict[str, bool]:
    return {"demo_outage": current_app.extensions["settings"].outage_switch.exists()}


@bp.app_context_processor
def _app() -> dict[str, Callable[[], str]]:
    return {"demo_code": _code}


def _code() -> str:
    """Return what the app of whoever takes the second step shows, one that was not used yet."""
    found = sessions.halfway(g.db, session.get(second.PENDING, ""))
    if found is None:
        return ""
    secret = store().ring.unwrap(found.account.totp_secret).decode()
    app = pyotp.TOTP(secret)
    return app.generate_otp(max(app.timecode(clock.now()), found.account.totp_step + 1))


@bp.post("/outage")
@for_anyone
def outage() -> Response:
    """Stop or start the pretend mail server."""
    switch = current_app.extensions["settings"].outage_switch
    if request.form.get("outage") == "on":
        switch.touch()
    else:
        switch.unlink(missing_ok=True)
    return redirect(own_path(request.form.get("next", "")) or url_for("home.index"), 303)
