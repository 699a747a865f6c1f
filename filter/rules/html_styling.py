"""HTML that shouts: huge type, red and many colours, coloured pages, centred text, capitals."""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.shape import page
from mailstore.envelopes import Symbol
from mailstore.wording import N_

HTML_HUGE_TYPE = "HTML_HUGE_TYPE"
HTML_MANY_COLOURS = "HTML_MANY_COLOURS"
HTML_COLOURED_PAGE = "HTML_COLOURED_PAGE"
HTML_CENTRED = "HTML_CENTRED"
OFTEN = 3
WHITE = frozenset({"white", "#fff", "#ffffff", "ffffff"})
MANY_COLOURS = 3
_HUGE = re.compile(r"size\s*=\s*[\"']?\+?[4-7]|font-size\s*:\s*(?:[3-9]\d|2[4-9])\s*(?:px|pt)")
_COLOUR = re.compile(r"color\s*[=:]\s*[\"']?\s*(#?\w{3,20})")


@rule(HTML_HUGE_TYPE, weight=0.4, says=N_("It shouts in huge letters."))
def find_html_huge_type(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if type is set much larger than text."""
    if any(
        _HUGE.search(each[:500]) for each in page(exam.mail).of("font", "span", "p", "div", "td")
    ):
        yield Symbol(HTML_HUGE_TYPE)


@rule(HTML_MANY_COLOURS, weight=0.3, says=N_("It is written in many colours."))
def find_html_many_colours(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if text has at least three colours."""
    found = (_COLOUR.search(each[:500]) for each in page(exam.mail).of("font"))
    colours = {each[1] for each in found if each}
    if len(colours) >= MANY_COLOURS:
        yield Symbol(HTML_MANY_COLOURS, str(len(colours)))


@rule(HTML_COLOURED_PAGE, weight=0.1, says=N_("Its background is coloured like a poster."))
def find_html_coloured_page(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the page has a background that is not white."""
    for each in page(exam.mail).of("body"):
        found = _COLOUR.search(each[:500])
        if "bgcolor" in each and found and found[1] not in WHITE:
            yield Symbol(HTML_COLOURED_PAGE, found[1])
            return


@rule(HTML_CENTRED, weight=0.6, says=N_("It is laid out like a poster."))
def find_html_centred(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if its text is centred again and again."""
    tags, aligned = page(exam.mail).tags, page(exam.mail).of("p", "div", "h1", "h2", "td")
    count = tags["center"] + sum("center" in each for each in aligned)
    if count >= OFTEN:
        yield Symbol(HTML_CENTRED, str(count))
