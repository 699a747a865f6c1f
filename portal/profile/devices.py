"""Where a person is signed in, and which browsers their mailboxes know."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import Blueprint, abort, flash, g, redirect, render_template, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, logout_user
from werkzeug.wrappers import Response

from mailstore import bearer, devices, sessions
from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox
from mailstore.reports import own
from portal.access import device_token, for_user, store
from portal.profile.browsers import in_words

bp = Blueprint("profile_devices", __name__, url_prefix="/profile/devices")


@dataclass(slots=True)
class Known:
    """A browser that mailboxes of the person know."""

    device_id: int
    agent: str
    since: datetime
    here: bool
    addresses: list[str] = field(default_factory=list)


@bp.app_template_filter("in_words")
def browser_in_words(agent: str) -> str:
    """Return what a browser is called."""
    return in_words(agent)


@bp.get("/")
@for_user
def index() -> str:
    """Show sessions and known browsers."""
    return render_template(
        "profile/devices.html",
        signed_in=sessions.of_account(g.db, g.visitor.account.id),
        this_one=bearer.hash_of(current_user.id),
        known=_known(own.owned(g.db, g.visitor.account.id)),
    )


@bp.post("/session/<int:sign_in_id>/end")
@for_user
def end(sign_in_id: int) -> Response:
    """End one session."""
    with store().write() as db:
        ended = sessions.end_one(db, g.visitor.account.id, sign_in_id)
    if not ended:
        abort(404)
    flash(_("This session has ended."), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/<int:device_id>/forget")
@for_user
def forget(device_id: int) -> Response:
    """Make a browser unknown to the person's mailboxes."""
    ids = [each.id for each in own.owned(g.db, g.visitor.account.id)]
    with store().write() as db:
        forgotten = devices.forget(db, ids, device_id, by=g.visitor.name)
    if not forgotten:
        abort(404)
    flash(_("This device is forgotten. Links of reports ask for the code there."), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/everywhere")
@for_user
def everywhere() -> Response:
    """End all that lets somebody in without signing in anew."""
    with store().write() as db:
        account = db.get_one(Account, g.visitor.account.id)
        sessions.log_out_everywhere(db, account, by=g.visitor.name)
    logout_user()
    session.clear()
    flash(_("You are logged out everywhere."), "success")
    return redirect(url_for("auth.sign_in"), 303)


def _known(mailboxes: Sequence[Mailbox]) -> list[Known]:
    addresses = {each.id: each.address for each in mailboxes}
    here = device_token()
    mine = bearer.hash_of(here) if here else ""
    found: dict[str, Known] = {}
    for row in devices.of_mailboxes(g.db, addresses):
        known = found.setdefault(
            row.token_hash, Known(row.id, row.agent, row.created_at, row.token_hash == mine)
        )
        known.addresses.append(addresses[row.mailbox_id])
    return list(found.values())
