"""Mail whose Date cannot be read, or is far from when it was on its way.

Clocks of computers go wrong by hours, so a day is allowed into the past and half a day into the
future; spam is dated far off to stand at an end of the list.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

from filter.rule import Exam, rule
from filter.views.route import hops
from filter.views.shape import field, written_at
from mailstore.envelopes import Symbol
from mailstore.wording import N_

DATE_BROKEN = "DATE_BROKEN"
DATE_OFF = "DATE_OFF"
MINUTES = 60
MOST_LATE, MOST_EARLY = timedelta(days=4), timedelta(hours=12)
MOST_HOURS = 14
_ZONE = re.compile(r"[+-](\d{2})(\d{2})\s*(?:\([^)]{0,40}\)\s*)?$")


@rule(DATE_BROKEN, weight=1.4, says=N_("Its date cannot be right."))
def find_date_broken(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the Date cannot be read, or names a zone that does not exist."""
    written = field(exam.mail, "date")
    zone = _ZONE.search(written[-60:])
    no_zone = zone and (int(zone[1]) > MOST_HOURS or int(zone[2]) >= MINUTES)
    if written and (written_at(exam.mail) is None or no_zone):
        yield Symbol(DATE_BROKEN, written[:100])


@rule(DATE_OFF, weight=1.6, says=N_("Its date is far from when it was sent."))
def find_date_off(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the Date is far from the nearest time that a hop wrote."""
    written = written_at(exam.mail)
    times = [hop.at for hop in hops(exam.mail) if hop.at]
    if written is None or not times:
        return
    off = min((at - written for at in times), key=abs)
    if off > MOST_LATE or -off > MOST_EARLY:
        yield Symbol(DATE_OFF, f"{off.total_seconds() / 3600:.0f} h")
