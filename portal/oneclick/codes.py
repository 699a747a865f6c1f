"""The report's code: whoever types it has the report, and makes this device known."""

from collections.abc import Iterable, Sequence

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore import attempts, devices
from mailstore.reports import links
from mailstore.reports.rows import Link, LinkKind
from portal.access import device_token, store
from portal.auth import tries
from portal.auth.entering import with_device
from portal.auth.paths import own_path
from portal.auth.tries import Answer, TooOften
from portal.oneclick.holders import for_coder

bp = Blueprint("code", __name__, url_prefix="/code")

TARGETS = {LinkKind.QUARANTINE: "quarantine.index", LinkKind.WEBMAIL: "webmail.index"}


@bp.get("")
@for_coder
def ask() -> str:
    """Ask for the code that is printed in the report."""
    return _page()


@bp.post("")
@for_coder
def act() -> Answer:
    """Make this device known if the code fits."""
    opened = [visitor.link for visitor in g.openers]
    known = prove(opened)
    if isinstance(known, tuple):
        return known
    if known is None:
        return _page(), 422
    return with_device(redirect(_next(), 303), known)


def prove(opened: Iterable[Link]) -> TooOften | str | None:
    """Make this device known to the mailboxes of those reports whose code was typed.

    Returns the device's new token, None if the code does not fit, or the answer to too many tries.
    """
    said = request.form.get("code", "")
    (begun,) = tries.begin((tries.REPORT, [tries.from_here()]))
    if begun.wait:
        return tries.too_often(begun.wait)
    of_reports = {link.report_id: link for link in opened}
    with store().write() as db:
        fitting = [
            each for each in of_reports.values() if links.code_fits(db, each.report_id, said)
        ]
    if not fitting:
        flash(
            _("This is not the code of the report. After six tries only a new report helps."),
            "warning",
        )
        return None
    with store().write() as db:
        device = devices.renew(db, device_token())
        devices.know(db, device, {each.mailbox_id for each in fitting}, request.user_agent.string)
        attempts.take_back(db, begun)
    return device


def for_deed(token: str, chosen: Sequence[int] = ()) -> str:
    """Return the page that asks for the code before a deed by a link is done."""
    return render_template(
        "oneclick/code.html", token=token, chosen=chosen, next="", fresh=_fresh(g.link)
    )


def remember(answer: str, device: str) -> Response:
    """Return a page as the answer that makes this device known."""
    return with_device(Response(answer, mimetype="text/html"), device)


def _page() -> str:
    return render_template(
        "oneclick/code.html", next=_next(), token="", fresh=_fresh(g.visitor.link)
    )


def _fresh(link: Link) -> str:
    """Return what sends a new report where no code fits any more, which one try may have done."""
    with store().read() as db:
        if not links.is_locked(db, link.report_id):
            return ""
    token = current_app.extensions["links"].sign(link.id, link.kind)
    return url_for("oneclick.fresh", token=token)


def _next() -> str:
    target = own_path(request.values.get("next", ""))
    return target or url_for(TARGETS[g.visitor.link.kind])
