"""The emergency webmail: folders, a mail with its conversation, its parts, and what is new."""

from datetime import date, datetime

from flask import Blueprint, Response, g, render_template, request

from mailstore import clock, copies, folders, lessons, lifetimes, marks, ownlists, timeline
from mailstore.copies import Shown
from mailstore.folders import Folder, Line
from mailstore.marks import Mark
from mailstore.sending import whereabouts
from portal.access import for_webmail, store
from portal.content import reading
from portal.paging import asked_page, one_page
from portal.sight import why_waiting
from portal.webmail.place import back, carried, found, here, rail, readable

bp = Blueprint("webmail", __name__, url_prefix="/webmail")

MOST_OF_CONVERSATION = 50


@bp.get("/")
@for_webmail
def index() -> str:
    """Show the inbox, the conversation with the newest mail first."""
    return _list(Folder.INBOX)


@bp.get("/pinned")
@for_webmail
def pinned() -> str:
    """Show what is kept longer."""
    return _list(Folder.PINNED)


@bp.get("/sent")
@for_webmail
def sent() -> str:
    """Show what was written here."""
    return _list(Folder.SENT)


@bp.get("/hidden")
@for_webmail
def hidden() -> str:
    """Show what was taken out of the inbox."""
    return _list(Folder.HIDDEN)


@bp.get("/news")
@for_webmail
def news() -> tuple[str, int]:
    """Say whether anything came, went or broke since a page was made; scripts ask every moment."""
    state = _state()
    return ("", 204) if state == request.args.get("state") else (state, 200)


@bp.get("/m/<int:delivery_id>")
@for_webmail
def look(delivery_id: int) -> str:
    """Show one mail, its conversation, and what became of it."""
    delivery = found(delivery_id)
    received = copies.is_received(g.scope, delivery)
    conversation = folders.conversation(g.db, g.scope, delivery, MOST_OF_CONVERSATION)
    # Mostly the mail stands among those of its conversation, and its marks with it.
    itself = (each for each in conversation if each.id == delivery_id)
    # What somebody wrote has marks of its reader, who is somebody else.
    mark = (next(itself, None) or marks.of(g.db, delivery_id)) if received else Mark()
    if received:
        with store().write() as db:
            marks.mark(db, [delivery_id], read_at=clock.now())
    became = timeline.of(g.db, delivery)
    return render_template(
        "webmail/look.html",
        delivery=delivery,
        received=received,
        everybody=() if received else copies.everybody(g.db, delivery),
        mark=mark,
        kept_until=_kept_until(delivery.message.last_day, delivery.accepted_at, mark.pinned_at),
        today=clock.today(),
        conversation=conversation,
        last=became.last,
        home=whereabouts.of(g.db, g.scope, delivery.message),
        timeline=became,
        reported=lessons.said_spam(g.db, delivery_id),
        reading=reading.read(delivery.message, links=True),
        back=back(),
        came_from=carried(back()),
        remote=_wants_pictures(),
        kinds=ownlists.kinds_of(g.db, delivery.mailbox_id) if received else (),
    )


@bp.get("/m/<int:delivery_id>/body")
@for_webmail
def body(delivery_id: int) -> Response:
    """Show the HTML of a mail in its frame."""
    message = found(delivery_id).message
    return reading.body_response(message, links=True, remote=_wants_pictures())


@bp.get("/m/<int:delivery_id>/source")
@for_webmail
def source(delivery_id: int) -> str:
    """Show the mail as it came."""
    delivery = found(delivery_id)
    return render_template(
        "webmail/source.html", delivery=delivery, source=reading.source_of(delivery.message)
    )


def _list(place: Folder) -> str:
    readable()
    lines = folders.listed(g.db, g.scope, place, asked_page())
    shown = one_page(lines, lambda each: (each.accepted_at, each.id))
    return render_template(
        "webmail/index.html",
        shown=shown,
        folder=place,
        conversations=folders.conversations(g.db, g.scope, place, shown.items),
        days_left={each.id: _days_left(each, place) for each in shown.items},
        wanting=whereabouts.wanting(g.db, g.scope) if place is Folder.SENT else (),
        here=here(),
        came_from=carried(here()),
        state=_state(),
        all_shown=copies.states_shown(g.db, g.scope) == Shown(copies.SHOWN),
        keep_days=max(lifetimes.days_of(g.db, g.scope)),
        **rail(),
    )


def _state() -> str:
    """Return a text that changes with what lists and the banner of an outage show."""
    why = why_waiting()
    return f"{folders.state_of(g.db, g.scope)}-{why.trouble if why else ''}"


def _wants_pictures() -> bool:
    """Whether this page, and no other, is to show pictures from elsewhere."""
    return request.args.get("remote") == "1"


def _kept_until(day: date, received_at: datetime, pinned_at: datetime | None) -> date:
    return marks.kept_until(day, received_at, pinned_at, g.tenant.pin_days if g.tenant else 0)


def _days_left(line: Line, place: Folder) -> int:
    pinned_at = None if place is Folder.SENT else line.pinned_at
    return (_kept_until(line.day, line.accepted_at, pinned_at) - clock.today()).days
