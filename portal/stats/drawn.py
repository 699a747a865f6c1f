"""Charts as pictures (SVG) in our colours, light or dark, without any script."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pygal
from pygal import PluginImportFixer
from pygal.style import Style

from mailstore import figures
from mailstore.stats import RECEIVED, Statistics
from portal.mails import FONT
from portal.stats.sheets import TIMES, VOLUME
from portal.stats.words import Words

# pygal leaves an import hook for maps behind, of a kind that Python warns of at later imports.
sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, PluginImportFixer)]

# One colour for each series; it is told apart from its neighbours also without seeing hues.
COLOURS = {
    "light": {
        "in_clean": "#0b6272", "in_newsletter": "#7fb9c4", "in_spam": "#e3a93c",
        "in_phish": "#d9484f", "in_dangerous": "#8c1218", "in_virus": "#5a2d82",
        "refused": "#98a5ac", "bytes_in": "#0b6272", "bytes_out": "#7fb9c4", "within": "#0b6272",
    },
    "dark": {
        "in_clean": "#5cc2d3", "in_newsletter": "#2d7784", "in_spam": "#e0ac4c",
        "in_phish": "#e2666c", "in_dangerous": "#ffb3b3", "in_virus": "#b892de",
        "refused": "#6d7a82", "bytes_in": "#5cc2d3", "bytes_out": "#2d7784", "within": "#5cc2d3",
    },
}  # fmt: skip
PAPER = {
    "light": {"background": "#ffffff", "text": "#1a2024", "quiet": "#536069", "line": "#dbe2e5"},
    "dark": {"background": "#1a2125", "text": "#e4e9ec", "quiet": "#a3afb7", "line": "#303a41"},
}
# Nothing is loaded and nothing runs, also where the picture is opened by itself.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox"
)
STACKED = (*RECEIVED, figures.REFUSED)
LABELS = {False: 10, True: 4}


@dataclass(frozen=True, slots=True)
class Look:
    """How a chart is drawn: its theme, and whether for a phone."""

    theme: str
    small: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in the unit that text has 14 of."""
        return (400, 320) if self.small else (1080, 340)


def legend(name: str, found: Statistics) -> Sequence[str]:
    """Return the figures that a chart tells apart by colour, empty if it shows one only."""
    names = _stacked(found) if name == "mail" else _sizes(found) if name == "volume" else ()
    return names if len(names) > 1 else ()


def chart(name: str, found: Statistics, words: Words, look: Look) -> bytes:
    """Return a chart by its name as an SVG."""
    return CHARTS[name](found, words, look)


def _mail(found: Statistics, words: Words, look: Look) -> bytes:
    return _by_step(_stacked(found), found, words, look)


def _volume(found: Statistics, words: Words, look: Look) -> bytes:
    return _by_step(_sizes(found), found, words, look)


def _times(found: Statistics, words: Words, look: Look) -> bytes:
    drawn = pygal.HorizontalBar(**_options(look, ["within"]), margin_right=32)
    counts = [found.total(name) for name in reversed(TIMES)]
    if look.small and any(counts):
        # More would not find room beside each other.
        drawn.y_labels = [0, max(counts)]
    drawn.value_formatter = _whole(words)
    drawn.x_labels = [words.name(name) for name in reversed(TIMES)]
    drawn.add("", counts)
    return _rendered(drawn)


CHARTS: dict[str, Callable[[Statistics, Words, Look], bytes]] = {
    "mail": _mail,
    "volume": _volume,
    "times": _times,
}


def _stacked(found: Statistics) -> Sequence[str]:
    return [each for each in STACKED if found.total(each)] or [STACKED[0]]


def _sizes(found: Statistics) -> Sequence[str]:
    return [each for each in VOLUME if found.total(each)] or [VOLUME[0]]


def _by_step(names: Sequence[str], found: Statistics, words: Words, look: Look) -> bytes:
    drawn = pygal.StackedBar(**_options(look, names), show_minor_x_labels=False)
    labels = [words.step(each, found.period) for each in found.period.steps]
    every = max(-(-len(labels) // LABELS[look.small]), 1)
    drawn.x_labels = labels
    drawn.x_labels_major = labels[::every]
    drawn.value_formatter = words.volume if names[0] in VOLUME else _whole(words)
    for name in names:
        drawn.add(words.name(name), found.of(name))
    return _rendered(drawn)


def _whole(words: Words) -> Callable[[float], str]:
    # There is no half of a mail, whatever an axis is parted into.
    return lambda count: words.number(int(count)) if count == int(count) else ""


def _options(look: Look, names: Sequence[str]) -> dict[str, Any]:
    width, height = look.size
    return {
        "width": width, "height": height, "style": _style(look.theme, tuple(names)), "js": (),
        "no_prefix": True, "margin": 8, "margin_top": 12, "spacing": 10, "show_legend": False,
        "truncate_label": -1, "min_scale": 3, "max_scale": 6, "include_x_axis": True,
        "rounded_bars": 2,
    }  # fmt: skip


@cache
def _style(theme: str, names: tuple[str, ...]) -> Style:
    paper, size = PAPER[theme], 14
    return Style(
        background=paper["background"], plot_background=paper["background"],
        value_background=paper["background"], foreground=paper["quiet"],
        foreground_strong=paper["text"], foreground_subtle=paper["line"],
        guide_stroke_color=paper["line"], major_guide_stroke_color=paper["line"],
        guide_stroke_dasharray="", major_guide_stroke_dasharray="",
        font_family=FONT.partition(":")[2], label_font_size=size, major_label_font_size=size,
        legend_font_size=size, value_font_size=size, opacity="1", opacity_hover="1",
        transition="none", colors=tuple(COLOURS[theme][each] for each in names),
    )  # fmt: skip


def _rendered(drawn: Any) -> bytes:
    drawn.add_xml_filter(_without_scripts)
    picture: bytes = drawn.render()
    return picture


def _without_scripts(root: Any) -> Any:
    """Take away what only a script would use; pygal writes its settings as one, asked or not."""
    for parent in list(root.iter()):
        for child in list(parent):
            if str(child.tag).rpartition("}")[2] in ("script", "desc", "title"):
                parent.remove(child)
    return root
