import re
import time
from html.parser import HTMLParser

import pytest

from portal.content.sanitize import (
    ATTRIBUTES,
    LARGEST,
    LARGEST_PICTURES,
    NO_PICTURE,
    TAGS,
    Cleaned,
    TooComplex,
    clean_html,
)
from portal.content.styles import PROPERTIES
from tests.portal import vectors

PNG = ("image/png", b"\x89PNG")
PNG_URL = "data:image/png;base64,iVBORw=="
PARAGRAPH = '<p>Guten Tag, <b>Anna</b>: <a href="https://there.example/x">hier</a></p>\n'
MEGABYTE, HALF = 2**20, 500 * 1000
ADDED = {"target", "rel"}
# What a value of a style would load or run by.
ACTIVE = re.compile(r"(?i)url\(|image|expression|@|/\*")
PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);")
LINK = re.compile(r"(?i)(https?|mailto|tel):")


class Found(HTMLParser):
    """Collects what is in cleaned HTML, as a browser would see it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))


def clean(html: str, **pictures: tuple[str, bytes]) -> str:
    return cleaned(html, **pictures).html


def cleaned(html: str, **pictures: tuple[str, bytes]) -> Cleaned:
    return clean_html(html, {f"{name}@there.example": each for name, each in pictures.items()})


def first(html: str, tag: str = "img") -> dict[str, str]:
    """Return the attributes of the first element of this name."""
    return next(attributes for name, attributes in Found(html).tags if name == tag)


@pytest.mark.parametrize("html", vectors.ALL.values(), ids=vectors.ALL)
def test_nothing_that_runs_loads_or_misleads_survives(html: str) -> None:
    for around in ("{}", "<div>{}</div>", "<table><tr><td>{}</td></tr></table>"):
        for tag, attributes in Found(clean(around.format(html))).tags:
            assert tag in TAGS
            assert attributes.keys() <= ATTRIBUTES["*"] | ATTRIBUTES.get(tag, set()) | {
                "target",
                "rel",
            }
            assert PICTURE.match(attributes.get("src", PNG_URL)) or attributes["src"] == NO_PICTURE
            assert LINK.match(attributes.get("href", "https:"))
            assert not ACTIVE.search(attributes.get("style", ""))
            assert _properties(attributes.get("style", "")) <= PROPERTIES


@pytest.mark.parametrize("html", vectors.ALL.values(), ids=vectors.ALL)
def test_whoever_reads_the_result_again_finds_nothing_else_in_it(html: str) -> None:
    once = clean(html)
    again = clean(once)
    assert [tag for tag, _ in Found(again).tags] == [tag for tag, _ in Found(once).tags]


def test_there_are_enough_vectors() -> None:
    assert len(vectors.ALL) >= 60


LAYOUT = {
    "table": '<table width="600" cellpadding="0" cellspacing="0" border="0" align="center" '
    'bgcolor="#ffffff"><tbody><tr><td colspan="2" valign="top">x</td></tr></tbody></table>',
    "style of a cell": '<table><tbody><tr><td style="width:600px;padding:8px 16px;'
    'background-color:#f00;color:white">x</td></tr></tbody></table>',
    "font": '<font color="red" face="Arial" size="4">x</font>',
    "heading": '<h1 align="center">x</h1><hr>',
    "lists": '<ul><li>x</li></ul><ol start="3" type="a"><li>x</li></ol>',
    "quotation": "<blockquote>x</blockquote><pre>x\n  y</pre>",
    "letters": "<b>x</b><i>x</i><u>x</u><s>x</s><sub>x</sub><sup>x</sup><small>x</small>",
    "direction": '<p dir="rtl" lang="he">x</p>',
    "columns": '<table><colgroup><col span="2" width="50"></colgroup></table>',
    "centre": '<center>x</center><div align="right">x</div>',
    "text": "5 &lt; 6 &amp; 7 &gt; 2 äöü €",
}


@pytest.mark.parametrize("html", LAYOUT.values(), ids=LAYOUT)
def test_what_newsletters_are_laid_out_with_survives(html: str) -> None:
    assert clean(html) == html


def test_layout_survives_beside_a_forbidden_property() -> None:
    style = "width:600px;position:fixed;color:red"
    assert first(clean(f'<p style="{style}">x</p>'), "p")["style"] == "width:600px;color:red"


def test_layout_survives_beside_a_picture_from_elsewhere() -> None:
    cell = '<div style="width:600px;background-image:url(http://evil.example/x);color:red">x</div>'
    assert first(clean(cell), "div")["style"] == "width:600px;color:red"


@pytest.mark.parametrize(
    "source",
    ["cid:logo@there.example", "CID:logo@there.example", " cid:logo@there.example\n",
     "cid:logo%40there.example"],
    ids=["plain", "capitals", "blanks", "encoded"],
)  # fmt: skip
def test_a_picture_of_the_mail_itself_is_shown(source: str) -> None:
    assert first(clean(f'<img src="{source}" alt="Logo" width="80">', logo=PNG)) == {
        "src": PNG_URL, "alt": "Logo", "width": "80",
    }  # fmt: skip


def test_a_picture_that_is_written_into_the_page_is_shown() -> None:
    assert first(clean(f'<img src="{PNG_URL}">'))["src"] == PNG_URL


@pytest.mark.parametrize("kind", ["image/svg+xml", "text/html", "application/pdf", ""])
def test_only_pictures_are_shown_as_pictures(kind: str) -> None:
    assert first(clean('<img src="cid:x@there.example">', x=(kind, b"x")))["src"] == NO_PICTURE


def test_a_picture_that_the_mail_does_not_have_keeps_its_place() -> None:
    assert first(clean('<img src="cid:other@there.example" alt="Logo" width="80">', logo=PNG)) == {
        "src": NO_PICTURE, "alt": "Logo", "width": "80",
    }  # fmt: skip


def test_a_picture_of_the_mail_is_no_link() -> None:
    assert "href" not in first(clean('<a href="cid:logo@there.example">x</a>', logo=PNG), "a")


def test_pictures_stop_where_they_would_be_too_much() -> None:
    large = ("image/png", b"x" * (LARGEST_PICTURES // 2 + 1))
    found = Found(clean('<img src="cid:a@there.example">' * 3, a=large)).tags
    assert [attributes["src"] == NO_PICTURE for _, attributes in found] == [False, True, True]


@pytest.mark.parametrize(
    "href", ["https://there.example/?a=1&b=2#c", "http://there.example", "mailto:bob@there.example",
             "tel:+41441234567"],
)  # fmt: skip
def test_a_link_opens_in_a_window_of_its_own_and_tells_nothing(href: str) -> None:
    link = first(clean(f'<a href="{href}" target="_self" rel="opener">x</a>'), "a")
    assert link["href"] == href
    assert link["target"] == "_blank"
    assert {"noopener", "noreferrer"} <= set(link["rel"].split())


def test_a_megabyte_of_ordinary_html_takes_less_than_a_second() -> None:
    html = PARAGRAPH * (MEGABYTE // len(PARAGRAPH))
    start = time.process_time()
    assert len(clean(html)) > MEGABYTE
    assert time.process_time() - start < 1


NESTED = {
    "div": "<div>",
    "capitals": "<DIV>",
    "attributes": '<div style="x">',
    "letters": "<b><i>",
    "table": "<table><tr><td>",
    "list": "<ul><li>",
    "unknown": "<x-y>",
    "end tags of something else": "<div></x>",
    "SVG": "<svg><g>",
}


@pytest.mark.parametrize("piece", NESTED.values(), ids=NESTED)
def test_half_a_megabyte_that_nests_without_end_is_refused_at_once(piece: str) -> None:
    start = time.perf_counter()
    with pytest.raises(TooComplex):
        clean(piece * (HALF // len(piece)))
    assert time.perf_counter() - start < 2


FLAT = {
    "paragraphs": "<p>x",
    "rows": "<tr><td>x",
    "lists": "<li>x",
    "line ends": "x<br>\n",
    "brackets": "<",
    "closed": "<div>x</div>",
    "links": "<a href=x>x</a>",
    "end tags": "</div>",
    "entities": "&lt;&#60;&lt",
    "comments that never end": "<!--",
    "quotes": "<p title=\"<'",
    "a quote after each bracket": "<'<\"",
}


@pytest.mark.parametrize("piece", FLAT.values(), ids=FLAT)
def test_half_a_megabyte_that_does_not_nest_is_cleaned_in_time(piece: str) -> None:
    start = time.perf_counter()
    clean(piece * (HALF // len(piece)))
    assert time.perf_counter() - start < 2


def test_more_than_the_limit_is_not_even_looked_at() -> None:
    with pytest.raises(TooComplex):
        clean("x" * (LARGEST + 1))


def test_what_takes_too_long_is_given_up_soon_after() -> None:
    slow = "".join(f"<p style='margin:{each}px;background:url({each})'>" for each in range(20_000))
    start = time.perf_counter()
    with pytest.raises(TooComplex):
        clean_html(f"{slow}<b>Ende</b>", {}, seconds=0.1)
    assert time.perf_counter() - start < 1


def test_ordinary_nesting_is_not_too_much() -> None:
    deep = "<table><tr><td>" * 40
    assert "mitten" in clean(f"{deep}mitten")


def _properties(style: str) -> set[str]:
    return {each.partition(":")[0].strip() for each in style.split(";") if each.strip()}
