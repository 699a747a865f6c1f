"""The demo's outage switch; no installation but the demo has this page."""

from flask import Blueprint, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from portal.access import for_anyone
from portal.auth.paths import own_path

bp = Blueprint("demo", __name__, url_prefix="/demo")


@bp.app_context_processor
def _switch() -> dict[str, bool]:
    return {"demo_outage": current_app.extensions["settings"].outage_switch.exists()}


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
