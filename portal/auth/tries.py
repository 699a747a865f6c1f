"""How often somebody may try: by account and place, by place, and by account for strangers.

The third slows only browsers that the account does not know, or anybody could lock a person out.
"""

import math
from collections.abc import Sequence
from datetime import timedelta

from flask import render_template, request
from werkzeug.wrappers import Response

from mailstore import attempts
from mailstore.attempts import Begun, Limit
from portal.access import store

SIGN_IN, CODE, RESET = "sign_in", "emergency_code", "reset"
SECOND, RECOVERY, REPORT = "second_factor", "recovery_code", "report_code"
MOST_HERE, MOST_FROM_NETWORK, MOST_FOR_ACCOUNT = 10, 50, 100
# Six digits are guessed sooner than a password, and whoever gets here has that.
MOST_SECOND = 20


def limits(email: str, *, strangers: int | None) -> list[Limit]:
    """Return what a try at an account counts for; `strangers` is None if the browser is known."""
    network = from_here()
    found = [Limit(f"{email} {network.key}", MOST_HERE), network]
    return found if strangers is None else [*found, Limit(email, strangers)]


def from_here(most: int = MOST_FROM_NETWORK) -> Limit:
    """Return what a try counts for whomever it is about."""
    return Limit(attempts.network_of(request.remote_addr or ""), most)


def begin(*wanted: tuple[str, Sequence[Limit]]) -> list[Begun]:
    """Count a try of each kind, before anything is looked at."""
    with store().write() as db:
        return [attempts.begin(db, kind, each) for kind, each in wanted]


def too_often(wait: timedelta) -> tuple[str, int, dict[str, str]]:
    """Answer 429 with a page that says when to come again."""
    seconds = math.ceil(wait.total_seconds())
    page = render_template("auth/too_often.html", minutes=math.ceil(seconds / 60))
    return page, 429, {"Retry-After": str(seconds)}


Answer = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]
