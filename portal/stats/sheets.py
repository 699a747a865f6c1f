"""The numbers as tables: what stands behind a chart, and what a spreadsheet gets."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO

from mailstore import figures, stats
from mailstore.overview import Held, Overview
from mailstore.periods import Period
from mailstore.spreadsheets import inert
from mailstore.stats import CLASSES, RECEIVED, Statistics
from mailstore.wording import N_
from portal.stats.words import KINDS, Words

MARK = "\ufeff"
MAIL = (*RECEIVED, figures.REFUSED, figures.HELD, figures.OUT)
VOLUME = (stats.BYTES_IN, stats.BYTES_OUT)
TIMES = tuple(figures.WITHIN.values())

Cell = str | int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with a head; its last row sums up the others if `summed`."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    summed: bool = False


def shown(found: Statistics, names: Sequence[str], words: Words) -> Sheet:
    """Return figures as people read them: a row for each step, and their sums."""
    steps = [words.step(each, found.period) for each in found.period.steps]
    counts = zip(*(found.of(name) for name in names), strict=True)
    sums = (words.say(N_("In all")), [found.total(name) for name in names])
    rows = [(step, list(row)) for step, row in zip(steps, counts, strict=True)] + [sums]
    said = [
        [first, *(words.figure(name, count) for name, count in zip(names, row, strict=True))]
        for first, row in rows
    ]
    return Sheet([_what(found.period, words), *map(words.name, names)], said, summed=True)


def shown_times(found: Statistics, words: Words) -> Sheet:
    """Return how long deliveries took, as people read it."""
    every = found.total(*TIMES)
    rows = [
        [words.name(name), words.number(found.total(name)), words.share(found.total(name), every)]
        for name in TIMES
    ]
    head = [words.say(N_("Delivered")), words.say(N_("Messages")), words.say(N_("Share"))]
    return Sheet(head, rows)


def for_spreadsheet(found: Statistics, words: Words) -> Sheet:
    """Return all figures as plain numbers, a row for each step, and their sums."""
    names = (*MAIL, figures.OWN, *VOLUME, *TIMES)
    form = "%Y-%m-%d %H:%M" if found.period.by_hours else "%Y-%m-%d"
    steps = [each.astimezone(words.zone).strftime(form) for each in found.period.steps]
    counts = zip(*(found.of(name) for name in names), strict=True)
    rows: list[list[Cell]] = [[step, *row] for step, row in zip(steps, counts, strict=True)]
    rows.append([words.say(N_("In all")), *(found.total(name) for name in names)])
    titles = [_title(name, words) for name in names]
    return Sheet([_what(found.period, words), *titles], rows, summed=True)


def of_people(found: Overview, words: Words, *, detailed: bool) -> Sheet:
    """Return what is held for whom, or without details only for all together."""
    kinds = [words.say(KINDS[each]) for each in CLASSES]
    head = [
        words.say(N_("Held")),
        *kinds,
        words.say(N_("The oldest")),
        words.say(N_("Deleted within 48 hours")),
    ]

    def cells(held: Held) -> list[Cell]:
        oldest = (
            held.oldest.astimezone(words.zone).strftime("%Y-%m-%d %H:%M") if held.oldest else ""
        )
        return [held.count, *(held.classes[each] for each in CLASSES), oldest, held.ending]

    rows: list[list[Cell]] = [[words.say(N_("In all")), "", *cells(found.total)]]
    if detailed:
        rows = [[each.address, each.name, *cells(each.held)] for each in found.persons] + rows
    return Sheet([words.say(N_("Address")), words.say(N_("Name")), *head], rows, summed=True)


def as_csv(sheet: Sheet, language: str) -> bytes:
    """Return a table as a file that spreadsheets of a language open, and find no formula in."""
    out = StringIO(newline="")
    # Excel takes it for UTF-8 by its mark only, and parts it as settings of the country have it.
    out.write(MARK)
    writer = csv.writer(out, delimiter="," if language == "en" else ";")
    for row in (sheet.head, *sheet.rows):
        writer.writerow(_inert(row))
    return out.getvalue().encode()


def _inert(row: Iterable[Cell]) -> list[Cell]:
    return [inert(each) if isinstance(each, str) else each for each in row]


def _what(period: Period, words: Words) -> str:
    return words.say(N_("Hour") if period.by_hours else N_("Day"))


def _title(name: str, words: Words) -> str:
    if name in TIMES:
        return f"{words.say(N_('Delivered'))} {words.name(name)}"
    return f"{words.name(name)} (Byte)" if name in VOLUME else words.name(name)
