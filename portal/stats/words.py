"""How figures are said: numbers, sizes, shares, days and kinds, in one language and zone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_decimal, format_percent

from mailstore import figures, stats
from mailstore.envelopes import MailClass
from mailstore.periods import Period
from mailstore.stats import RECEIVED, Choice
from mailstore.wording import N_
from portal.languages import regional
from portal.mails import translations

KILO = 1000
SMALL = 0.01
UNITS = ("B", "KB", "MB", "GB", "TB")
MOST_NAMED = 5
DASH = "\N{EN DASH}"
KINDS = {
    MailClass.CLEAN: N_("Ordinary mail"),
    MailClass.NEWSLETTER: N_("Newsletters"),
    MailClass.SPAM: N_("Spam mail"),
    MailClass.PHISH: N_("Fraud"),
    MailClass.DANGEROUS: N_("Dangerous attachments"),
    MailClass.VIRUS: N_("Viruses"),
}
NAMES = {
    **{name: KINDS[mail_class] for name, mail_class in RECEIVED.items()},
    figures.HELD: N_("Held in quarantine"),
    figures.REFUSED: N_("Refused"),
    figures.OUT: N_("Sent"),
    figures.OWN: N_("Reports and notices of ours"),
    stats.BYTES_IN: N_("Volume received"),
    stats.BYTES_OUT: N_("Volume sent"),
}
TIMES = dict(
    zip(
        figures.WITHIN.values(),
        (
            N_("in 5 seconds at most"),
            N_("in 5 to 30 seconds"),
            N_("in 30 seconds to 5 minutes"),
            N_("in 5 minutes to an hour"),
            N_("in more than an hour"),
        ),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Words:
    """What is said in a language, with times of a zone."""

    language: str
    zone: ZoneInfo
    say: Callable[[str], str]

    @classmethod
    def of(cls, language: str, zone: ZoneInfo) -> Self:
        """Return the words of a language there is a catalogue of."""
        return cls(language, zone, translations(language).gettext)

    def name(self, figure: str) -> str:
        """Return what a figure counts."""
        return self.say({**NAMES, **TIMES}[figure])

    def number(self, count: int) -> str:
        """Return a number with its thousands apart."""
        return str(format_decimal(count, locale=regional(self.language)))

    def volume(self, size: float) -> str:
        """Return so many bytes in the unit that fits."""
        unit = 0
        while size >= KILO and unit < len(UNITS) - 1:
            size, unit = size / KILO, unit + 1
        shape = "#,##0.#" if unit > 1 and size < 100 else "#,##0"  # noqa: PLR2004 (digits that tell)
        return f"{format_decimal(size, shape, locale=regional(self.language))} {UNITS[unit]}"

    def share(self, part: int, whole: int) -> str:
        """Return a part of a whole as a percentage; a dash if there is nothing."""
        if not whole:
            return DASH
        # What is there is not said to be nothing.
        shape = "#,##0.0%" if 0 < part / whole < SMALL else "#,##0%"
        return str(format_percent(part / whole, shape, locale=regional(self.language)))

    def figure(self, name: str, count: int) -> str:
        """Return a figure in its unit."""
        return self.volume(count) if name.startswith("bytes") else self.number(count)

    def minutes(self, count: int) -> str:
        """Return how long something lasted."""
        hours, rest = divmod(count, 60)
        return f"{hours} h {rest:02} min" if hours else f"{rest} min"

    def moment(self, at: datetime) -> str:
        """Return a time with its day."""
        return str(format_datetime(at, "d. MMM HH:mm", tzinfo=self.zone, locale=self.language))

    def step(self, at: datetime, period: Period) -> str:
        """Return the day or the hour that begins at a moment."""
        local = at.astimezone(self.zone)
        if period.by_hours:
            return f"{local:%H:%M}"
        return str(format_skeleton("MMMd", local.date(), locale=self.language))

    def day(self, day: date) -> str:
        """Return a day with its year."""
        return str(format_date(day, "medium", locale=self.language))

    def period(self, period: Period) -> str:
        """Return the days of a period."""
        if period.by_hours:
            return str(format_date(period.first, "full", locale=self.language))
        return f"{self.day(period.first)} {DASH} {self.day(period.last)}"

    def domains(self, choice: Choice) -> str:
        """Return the names of chosen domains, as many as can be read."""
        names = [each.name for each in choice.domains]
        if len(names) <= MOST_NAMED:
            return ", ".join(names)
        return ", ".join(names[:MOST_NAMED]) + ", …"
