"""Where is my mail? Everything that came for a person, what became of it, and the next step."""

from zoneinfo import ZoneInfo

from flask import Blueprint, abort, g, render_template, request

from mailstore import clock, copies, timeline
from mailstore.deliveries import State
from mailstore.pages import SIZE
from mailstore.rights import SEEN
from mailstore.search.everywhere import After, Found, everywhere
from mailstore.search.grammar import LONGEST_TEXT, understood
from portal import languages
from portal.access import for_webmail
from portal.paging import moment, row_id
from portal.quarantine.place import rights_here
from portal.quarantine.refusals import why
from portal.webmail.place import carried, here, rail, readable

bp = Blueprint("find", __name__, url_prefix="/find")


@bp.get("")
@for_webmail
def index() -> str:
    """Show what was looked for, the newest first; everything where nothing was."""
    readable()
    text = " ".join(request.args.get("q", "")[:LONGEST_TEXT].replace("\0", " ").split())
    query = understood(text, clock.now(), ZoneInfo(languages.zone()))
    may = rights_here().allow(*SEEN)
    found = everywhere(g.db, g.scope, query, may=may, after=_asked_after())
    shown = found[:SIZE]
    mails = [each.delivery for each in shown if each.delivery]
    return render_template(
        "find/index.html",
        text=text,
        query=query,
        shown=shown,
        following=_written(shown[-1].place) if len(found) > SIZE else None,
        last=copies.last_of(g.db, mails),
        ends=timeline.ends_of(g.db, [each.id for each in mails if each.state is State.DELETED]),
        is_readable=_is_readable,
        rights=rights_here(),
        why=why,
        came_from=carried(here()),
        **rail(),
    )


def _is_readable(found: Found) -> bool:
    """Whether the webmail shows a mail, with its content or what became of it."""
    shown = copies.states_shown(g.db, g.scope)
    return found.delivery is not None and shown.has(found.delivery)


def _asked_after() -> After | None:
    """Return where the page begins that the address asks for, or answer 400."""
    text = request.args.get("after")
    if not text:
        return None
    try:
        at, kind, number = text.split("_")
        return After(moment(at), {"r": True, "d": False}[kind], row_id(number))
    except (KeyError, ValueError):
        abort(400)


def _written(place: After) -> str:
    return f"{place.at.isoformat()}_{'r' if place.refused else 'd'}_{place.id}"
