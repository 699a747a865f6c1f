"""Charts as tables, for mail programs: bars are cells with a width, and a number beside each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailstore import figures, stats
from mailstore.envelopes import MailClass
from mailstore.overview import Overview
from mailstore.stats import CLASSES, RECEIVED, Statistics
from mailstore.wording import N_
from portal.stats.sheets import TIMES
from portal.stats.words import DASH, KINDS, Words

# More lines than this are only in the file.
MOST_PERSONS = 25
FULL = 100
LOOKS = {
    MailClass.CLEAN: "fine",
    MailClass.NEWSLETTER: "fine",
    MailClass.SPAM: "held",
    MailClass.PHISH: "risk",
    MailClass.DANGEROUS: "risk",
    MailClass.VIRUS: "risk",
}
STACK = {"fine": N_("ordinary mail and newsletters"), "held": N_("spam"), "risk": N_("harmful")}


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of a chart: its parts, each a look and a width in percent, and what it counts."""

    label: str
    parts: Sequence[tuple[str, int]]
    said: str
    share: str = ""

    @property
    def rest(self) -> int:
        """The width that stays empty, in percent."""
        return FULL - sum(width for _, width in self.parts)


def tiles(found: Statistics, words: Words) -> Sequence[tuple[str, str]]:
    """Return the figures that tell most, each with what it counts."""
    arrived, quick = found.total(*TIMES), found.total(*TIMES[:2])
    return (
        (words.say(N_("Received")), words.number(found.received)),
        (words.say(N_("Held in quarantine")), words.number(found.total(figures.HELD))),
        (words.say(N_("Refused")), words.number(found.total(figures.REFUSED))),
        (words.say(N_("Sent")), words.number(found.total(figures.OUT))),
        (words.say(N_("Volume received")), words.volume(found.total(stats.BYTES_IN))),
        (words.say(N_("Delivered within 30 seconds")), words.share(quick, arrived)),
    )


def kinds(found: Statistics, words: Words) -> Sequence[Bar]:
    """Return received mail by its class."""
    counts = [(mail_class, found.total(name)) for name, mail_class in RECEIVED.items()]
    return _by_class(dict(counts), words)


def held_tiles(found: Overview, words: Words) -> Sequence[tuple[str, str]]:
    """Return what is held for all together, in figures."""
    oldest = found.total.oldest
    return (
        (words.say(N_("Held")), words.number(found.total.count)),
        (words.say(N_("People")), words.number(found.people)),
        (words.say(N_("Deleted within 48 hours")), words.number(found.total.ending)),
        (words.say(N_("The oldest")), words.moment(oldest) if oldest else DASH),
    )


def held_kinds(found: Overview, words: Words) -> Sequence[Bar]:
    """Return held mail by its class."""
    return _by_class(found.total.classes, words)


def times(found: Statistics, words: Words) -> Sequence[Bar]:
    """Return deliveries by how long they took."""
    counts = [found.total(name) for name in TIMES]
    every, most = sum(counts), max(counts)
    return [
        Bar(words.name(name), _parts({"fine": count}, most), words.number(count),
            words.share(count, every))
        for name, count in zip(TIMES, counts, strict=True)
    ]  # fmt: skip


def steps(found: Statistics, words: Words) -> Sequence[Bar]:
    """Return received mail by days, or hours of one day, each with what could do harm."""
    looks = dict.fromkeys(LOOKS.values())
    series = {
        look: found.of(*(figures.received(each) for each in CLASSES if LOOKS[each] == look))
        for look in looks
    }
    sums = [sum(step) for step in zip(*series.values(), strict=True)]
    most, made = max(sums), []
    for place, (at, count) in enumerate(zip(found.period.steps, sums, strict=True)):
        parts = _parts({look: counts[place] for look, counts in series.items()}, most)
        made.append(Bar(words.step(at, found.period), parts, words.number(count)))
    return made


def _by_class(counts: Mapping[MailClass, int], words: Words) -> Sequence[Bar]:
    every, most = sum(counts.values()), max(counts.values())
    return [
        Bar(words.say(KINDS[each]), _parts({LOOKS[each]: count}, most), words.number(count),
            words.share(count, every))
        for each, count in counts.items()
    ]  # fmt: skip


def _parts(counts: dict[str, int], most: int) -> Sequence[tuple[str, int]]:
    """Return widths of parts; whatever there is can be seen, and they never exceed the whole."""
    widths = [(look, max(count * FULL // most, 1)) for look, count in counts.items() if count]
    over = sum(width for _, width in widths) - FULL
    if over > 0:
        widest = max(range(len(widths)), key=lambda place: widths[place][1])
        widths[widest] = (widths[widest][0], widths[widest][1] - over)
    return widths
