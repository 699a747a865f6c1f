"""Who opens a report link: the guards of its pages, and what they say to whoever guesses."""

from datetime import timedelta
from typing import NoReturn

from flask import abort, current_app, g, make_response, request

from mailstore import attempts
from mailstore.attempts import Limit
from mailstore.reports import links
from mailstore.reports.rows import LinkKind
from portal import scanners
from portal.access import Visitor, guard, link_session, store, visitor_of
from portal.auth import tries
from portal.links import LinkForged

GUESS = "report_link"
MOST_GUESSES, WINDOW = 30, timedelta(minutes=1)


def _holder() -> Visitor:
    """Open the token before any view runs: 404 for a forged one; `g.ended` for an old one."""
    return _holder_of(frozenset(LinkKind) - {LinkKind.UNSUBSCRIBE})


def _subscriber() -> Visitor:
    return _holder_of(frozenset({LinkKind.UNSUBSCRIBE}))


def _coder() -> Visitor:
    """Find the links that this browser opened and whose codes are asked for.

    They may be of two reports; either's code will do for its own mailbox.
    """
    found = (link_session(kind) for kind in (LinkKind.WEBMAIL, LinkKind.QUARANTINE))
    g.openers = [visitor for visitor in found if visitor]
    if not g.openers:
        abort(404)
    opener: Visitor = g.openers[0]
    return opener


def _holder_of(kinds: frozenset[LinkKind]) -> Visitor:
    try:
        token = (request.view_args or {}).get("token", "")
        link_id, _kind = current_app.extensions["links"].read(token)
    except LinkForged:
        _guessed()
    found = links.alive(g.db, link_id)
    if found is None or found[0].kind not in kinds:
        _guessed()
    g.link, g.ended = found
    return visitor_of(g.link)


def _guessed() -> NoReturn:
    """Answer 404, or 429 to whoever does so too often; forged and unknown links look alike."""
    with store().write() as db:
        begun = attempts.begin(db, GUESS, [Limit(scanners.here(), MOST_GUESSES)], window=WINDOW)
    if begun.wait:
        abort(make_response(tries.too_often(begun.wait)))
    abort(404)


for_link = guard(_holder)
for_subscriber = guard(_subscriber)
for_coder = guard(_coder)
