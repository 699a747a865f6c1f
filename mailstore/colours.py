"""Colours that people can read: contrast as WCAG 2.2 measures it (success criterion 1.4.3)."""

import math
import re

from mailstore.errors import BadName

WHITE, DARK = "#ffffff", "#1a2125"
ENOUGH = 4.5
_STEPS = 50
_COLOUR = re.compile(r"#[0-9a-f]{6}")


class TooPale(BadName):
    """A colour cannot be read on white; `ratio` is its contrast."""

    def __init__(self, colour: str, ratio: float) -> None:
        self.ratio = ratio
        super().__init__(
            f"'{colour}' has a contrast of {ratio}:1 against white; readers need {ENOUGH}:1."
        )


def readable(text: str) -> str:
    """Return a colour as `#rrggbb`; raises BadName, or TooPale where white shines through."""
    colour = text.strip().lower()
    if not _COLOUR.fullmatch(colour):
        raise BadName(f"'{text}' is not a colour, #0b6272 is one.")
    # Rounded down: 4.49 must not be refused as if it had 4.5.
    if (found := contrast(colour, WHITE)) < ENOUGH:
        raise TooPale(colour, math.floor(found * 10) / 10)
    return colour


def lighter(colour: str) -> str:
    """Return the nearest variant, mixed with white, that can be read on a dark page."""
    mixed = (_mixed(colour, step / _STEPS) for step in range(_STEPS + 1))
    return next(each for each in mixed if contrast(each, DARK) >= ENOUGH)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, brighter = sorted(map(_luminance, (one, other)))
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(value / 255) for value in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 (sRGB's own figures)


def _mixed(colour: str, white: float) -> str:
    return "#" + "".join(f"{round(value + (255 - value) * white):02x}" for value in _parts(colour))


def _parts(colour: str) -> list[int]:
    return list(bytes.fromhex(colour[1:]))
