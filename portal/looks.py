"""A tenant's look, as templates of mails and the page about it show it.

The logo goes along as a part of the HTML (RFC 2387), named by its Content-ID (RFC 2392): nothing
is loaded from anywhere, so that nobody learns when a mail is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart
from email.utils import make_msgid
from typing import cast

from mailstore import colours
from mailstore.brands import Brand

# How we look ourselves: links and buttons on a light page, and on a dark one.
LIGHT, DARK = "#0b6272", "#5cc2d3"
WIDEST, HIGHEST = 200, 60


@dataclass(frozen=True, slots=True)
class Look:
    """What a template needs: text and numbers only, to be escaped like any other.

    `logo` is the URL of the picture, empty where there is none; `width` and `height` are CSS
    pixels. White can be read on `colour`, and `colours.DARK` on `colour_dark`.
    """

    colour: str = LIGHT
    colour_dark: str = DARK
    lines: Sequence[str] = ()
    logo: str = ""
    width: int = 0
    height: int = 0


def look_of(brand: Brand | None, host: str) -> Look:
    """Return what a mail shows of a tenant's look; render with it, then `attach` the logo."""
    if brand is None:
        return Look()
    width, height = shown_size(brand)
    return Look(
        colour=brand.colour or LIGHT,
        colour_dark=colours.lighter(brand.colour) if brand.colour else DARK,
        lines=brand.text.splitlines(),
        logo=f"cid:{make_msgid('logo', host)[1:-1]}" if brand.logo else "",
        width=width,
        height=height,
    )


def attach(mail: EmailMessage, brand: Brand | None, look: Look) -> None:
    """Give the HTML of a mail the logo that it names; without a logo the mail stays as it is."""
    if brand is None or not brand.logo or not look.logo:
        return
    html = cast("MIMEPart", mail.get_body(("html",)))
    main, _, sub = brand.logo_type.partition("/")
    html.add_related(
        brand.logo,
        maintype=main,
        subtype=sub,
        cid=f"<{look.logo.removeprefix('cid:')}>",
        disposition="inline",
        filename=f"logo.{sub}",
    )


def shown_size(brand: Brand) -> tuple[int, int]:
    """Return width and height at which a logo is shown, in CSS pixels; 0 and 0 without one."""
    if not brand.logo:
        return 0, 0
    scale = min(WIDEST / brand.logo_width, HIGHEST / brand.logo_height, 1)
    return max(round(brand.logo_width * scale), 1), max(round(brand.logo_height * scale), 1)
