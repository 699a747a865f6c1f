"""The beginning of the administration."""

from flask import Blueprint, g, redirect, url_for
from werkzeug.wrappers import Response

from mailstore import requests
from mailstore.tenants import TenantState
from portal.access import for_administrator
from portal.admin import places

bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.get("/")
@for_administrator
def index() -> Response:
    """Lead to what waits for an answer, or else to the first page that is theirs."""
    mine = [each.endpoint for each in places.places()]
    if "requests.index" in mine and requests.count_open(g.db, g.tenant.id):
        return redirect(url_for("requests.index"), 303)
    # What is left to do leads while it is left.
    if mine[0] == "start.index" and g.tenant.state is not TenantState.PREPARING:
        del mine[0]
    return redirect(url_for(mine[0]), 303)
