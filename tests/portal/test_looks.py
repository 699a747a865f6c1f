"""A tenant's look in a mail: what templates get, and the logo that goes along."""

import email
from email.message import EmailMessage
from email.policy import default

import jinja2
import pytest

from mailstore.brands import NOTHING, Brand
from mailstore.colours import DARK, ENOUGH, WHITE, contrast
from portal import looks
from portal.looks import Look, attach, look_of
from portal.mails import as_bytes, fill
from tests.pictures import a_png

HOST = "mx.mailhafen.test"
PAGE = '<p>{{ look.lines | join }}</p>{% if look.logo %}<img src="{{ look.logo }}">{% endif %}'


def a_brand(width: int = 400, height: int = 60, **values: object) -> Brand:
    logo = {"logo": a_png(width, height), "logo_type": "image/png",
            "logo_width": width, "logo_height": height}  # fmt: skip
    return Brand(tenant_id=1, **NOTHING | logo | values)


def mailed(brand: Brand | None) -> EmailMessage:
    """Return a mail with such a look, as a mail program reads it."""
    mail, look = EmailMessage(), look_of(brand, HOST)
    mail["To"], mail["Subject"] = "anna@muster.example", "Held mail"
    env = jinja2.Environment(
        loader=jinja2.DictLoader({"x.txt": "text", "x.html": PAGE}), autoescape=True
    )
    fill(mail, env, "x", {"look": look})
    attach(mail, brand, look)
    raw = as_bytes(mail)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    read = email.message_from_bytes(raw, policy=default)
    assert isinstance(read, EmailMessage)
    return read


def test_the_logo_goes_along_beside_the_page_that_names_it() -> None:
    mail = mailed(a_brand())
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    page, picture = list(mail.walk())[3:]
    named = picture["Content-ID"][1:-1]
    assert f'<img src="cid:{named}">' in page.get_content()
    assert named.endswith(f"@{HOST}")
    assert (picture.get_content_disposition(), picture.get_content()) == ("inline", a_png(400, 60))


@pytest.mark.parametrize("brand", [None, a_brand(logo=None)], ids=["no look", "no logo"])
def test_without_a_logo_a_mail_has_two_parts(brand: Brand | None) -> None:
    kinds = [part.get_content_type() for part in mailed(brand).walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]


def test_what_somebody_wrote_is_no_template() -> None:
    page = mailed(a_brand(text="{{7*7}}\n{% raise %}<b>")).get_body(("html",))
    assert page
    assert "{{7*7}}{% raise %}&lt;b&gt;" in page.get_content()


@pytest.mark.parametrize(
    ("size", "shown"),
    [((400, 60), (200, 30)), ((120, 120), (60, 60)), ((50, 20), (50, 20)), ((1200, 1), (200, 1))],
    ids=["wide", "high", "small", "a line"],
)
def test_a_logo_is_shown_no_larger_than_there_is_room(
    size: tuple[int, int], shown: tuple[int, int]
) -> None:
    look = look_of(a_brand(*size), HOST)
    assert (look.width, look.height) == shown


@pytest.mark.parametrize("colour", ["", "#a2181f", "#000000"])
def test_links_and_buttons_can_be_read_on_light_and_dark_pages(colour: str) -> None:
    look = look_of(a_brand(colour=colour), HOST)
    assert contrast(look.colour, WHITE) >= ENOUGH
    assert contrast(look.colour_dark, DARK) >= ENOUGH
    assert look_of(None, HOST) == Look(colour=looks.LIGHT, colour_dark=looks.DARK)
