"""How often somebody may try: by account and place, by place, and by account.

That holds for browsers that an account does not know. One that it knows has a count of its own:
nobody else uses it up, neither a guesser nor the colleagues behind the same address.
"""

import math
from collections.abc import Sequence
from datetime import timedelta

from flask import g, render_template, request
from werkzeug.wrappers import Response

from mailstore import attempts, bearer, devices
from mailstore.accounts import Account
from mailstore.attempts import MOST_FOR_ACCOUNT, MOST_FROM_NETWORK, Begun, Limit
from portal.access import device_token, store

CODE, RESET = "emergency_code", "reset"
SECOND, SECOND_DAY = "second_factor", "second_factor_day"
RECOVERY, REPORT = "recovery_code", "report_code"
MOST_KNOWN = 20
# Six digits are guessed sooner than a password, and whoever gets here has that.
MOST_SECOND, MOST_SECOND_A_DAY = 20, 60
DAY = timedelta(days=1)

TooOften = tuple[str, int, dict[str, str]]
Answer = str | Response | tuple[str, int] | TooOften


def knows(account: Account | None) -> bool:
    """Whether this browser is known to a mailbox that an account owns."""
    return devices.knows(g.db, device_token(), account.id if account else None)


def limits(email: str, *, known: bool, most: int | None = MOST_FOR_ACCOUNT) -> list[Limit]:
    """Return what a try at an account counts for; `most` for all strangers together, if at all."""
    if known:
        return [Limit(f"{email} {bearer.hash_of(device_token() or '')}", MOST_KNOWN)]
    return attempts.of_stranger(email, request.remote_addr or "", most)


def from_here(most: int = MOST_FROM_NETWORK) -> Limit:
    """Return what a try counts for whomever it is about."""
    return attempts.from_network(request.remote_addr or "", most)


def begin(*wanted: tuple[str, Sequence[Limit]]) -> list[Begun]:
    """Count a try of each kind, before anything is looked at."""
    with store().write() as db:
        return [attempts.begin(db, kind, each) for kind, each in wanted]


def begin_second(email: str, *, known: bool) -> Begun:
    """Count a try at a code of the app, for strangers also over a day: there are so few codes."""
    with store().write() as db:
        begun = attempts.begin(db, SECOND, limits(email, known=known, most=MOST_SECOND))
        if known or begun.wait:
            return begun
        day = attempts.begin(db, SECOND_DAY, [Limit(email, MOST_SECOND_A_DAY)], window=DAY)
    return Begun(begun.ids + day.ids, day.wait)


def spare_the_place(begun: Sequence[Begun]) -> None:
    """Let counted tries be no burden for others here: nobody could look at what was typed."""
    with store().write() as db:
        attempts.take_back(db, *begun, key=from_here().key)


def too_often(wait: timedelta) -> TooOften:
    """Answer 429 with a page that says when to come again."""
    seconds = math.ceil(wait.total_seconds())
    page = render_template("auth/too_often.html", minutes=math.ceil(seconds / 60))
    return page, 429, {"Retry-After": str(seconds)}
