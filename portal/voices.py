"""How templates say texts and times: one voice for each language and zone, kept between requests.

A list says hundreds of texts. Flask-Babel looks up request, locale and catalogue for each of
them, and its times go through pytz and skeletons: together that took half of a page's time.
"""

from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from markupsafe import Markup

from mailstore import clock
from portal import languages
from portal.mails import translations

# More texts than there are, so that nothing is ever said anew.
TEXTS, DAYS, VOICES = 4096, 4096, 1024


class Voice:
    """What people hear in one language, at the time of one zone."""

    def __init__(self, language: str, zone: str) -> None:
        self.language = language
        self._zone = ZoneInfo(zone)
        catalogue = translations(language)
        self._plural = catalogue.ngettext

        @lru_cache(TEXTS)
        def pattern(text: str) -> Markup:
            return Markup(catalogue.gettext(text))  # noqa: S704 (our own texts)

        @lru_cache(TEXTS)
        def plain(text: str) -> Markup:
            return pattern(text) % {}

        self._pattern, self._plain = pattern, plain

    def text(self, text: str, /, **values: Any) -> Markup:
        """Return a text of ours as HTML, its gaps filled with values that are escaped."""
        return self._pattern(text) % values if values else self._plain(text)

    def texts(self, one: str, many: str, num: int, /, **values: Any) -> Markup:
        """Return the text that fits a number."""
        said = Markup(self._plural(one, many, num))  # noqa: S704 (our own texts)
        return said % {"num": num, **values}

    def day(self, at: date) -> str:
        """Return a day as people say it, with the year only where it is another one."""
        local = at.astimezone(self._zone).date() if isinstance(at, datetime) else at
        return _day(local, self.language, with_year=local.year != self._today().year)

    def moment(self, at: datetime | None, *, seconds: bool = False) -> str:
        """Return a time as people say it: today only the clock, else the day with it."""
        if at is None:
            return ""
        local, today = at.astimezone(self._zone), self._today()
        clock_time = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
        if local.date() == today:
            return clock_time
        day = _day(local.date(), self.language, with_year=local.year != today.year)
        return f"{day} {clock_time}" if local.year == today.year else day

    def full(self, at: datetime) -> str:
        """Return a time as it is told where it is read later, on paper: day, year and clock."""
        local = at.astimezone(self._zone)
        return f"{_day(local.date(), self.language, with_year=True)} {local:%H:%M}"

    def at(self, at: datetime) -> Markup:
        """Return a time as people say it, which programs can read too."""
        said = self.moment(at)
        return Markup(f'<time datetime="{at.isoformat()}">{said}</time>')  # noqa: S704 (our own text)

    def _today(self) -> date:
        return clock.now().astimezone(self._zone).date()


def current() -> Voice:
    """Return the voice that this visitor hears."""
    return _voice(languages.chosen(), languages.zone())


@lru_cache(VOICES)
def _voice(language: str, zone: str) -> Voice:
    return Voice(language, zone)


@lru_cache(DAYS)
def _day(day: date, language: str, *, with_year: bool) -> str:
    return str(format_skeleton("yMMMd" if with_year else "MMMd", day, locale=language))
