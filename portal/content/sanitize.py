"""Other people's HTML made harmless: last, by a short allow-list, inside the sandbox.

What remains is shown in a frame of its own whose policy loads and runs nothing, so this is the
second wall and not the only one. Style sheets come beside it, made harmless too.
"""

import base64
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import unquote

import nh3

from portal.content.outline import depth_of, doctype_of, head_of
from portal.content.styles import clean_sheet, clean_style

LARGEST = 5 * 2**20
DEEPEST = 200
MOST_TAGS = 600_000
LARGEST_PICTURES = 8 * 2**20
MOST_SHEETS, LONGEST_SHEETS = 100, 100_000
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
# A picture that does not come, but keeps its place.
NO_PICTURE = "data:,"
TAGS = frozenset(
    [
        *("a", "abbr", "address", "article", "b", "bdi", "bdo", "big", "blockquote", "br"),
        *("caption", "center"),
        *("cite", "code", "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt"),
        *("em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6"),
        *("header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "nav", "nobr", "ol"),
        *("p", "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong", "sub"),
        *("summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt"),
        *("u", "ul", "var", "wbr"),
    ]
)
DROPPED_WHOLE = frozenset({"script", "style", "title", "template", "noscript", "svg", "math"})
ATTRIBUTES = {
    "*": {
        *("align", "bgcolor", "class", "dir", "height", "id", "lang", "style", "title"),
        *("valign", "width"),
    },
    "a": {"href", "name"},
    "br": {"clear"},
    "font": {"color", "face", "size"},
    "hr": {"color", "noshade", "size"},
    "img": {"alt", "border", "hspace", "src", "vspace"},
    "li": {"type", "value"},
    "ol": {"start", "type"},
    "table": {
        *("background", "border", "bordercolor", "cellpadding", "cellspacing", "frame", "rules"),
        "summary",
    },
    "td": {"background", "colspan", "rowspan", "nowrap"},
    "th": {"background", "colspan", "rowspan", "nowrap", "scope"},
    "tr": {"background"},
    "col": {"span"},
    "colgroup": {"span"},
    "ul": {"type"},
}
OF_BODY = frozenset(
    [
        *("alink", "background", "bgcolor", "bottommargin", "class", "dir", "id", "lang"),
        *("leftmargin", "link", "marginheight", "marginwidth", "rightmargin", "style", "text"),
        *("topmargin", "vlink"),
    ]
)


class TooComplex(Exception):
    """The HTML is larger or deeper than is worth cleaning; the plain text is shown instead."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A mail's HTML in parts: its doctype, style sheet, the attributes of its body, its inside."""

    doctype: str
    sheet: str
    body: str
    html: str


def clean_html(
    html: str,
    pictures: Mapping[str, tuple[str, bytes]],
    *,
    remote: bool = False,
    seconds: float = math.inf,
) -> Cleaned:
    """Return harmless HTML; inline pictures (by Content-ID) become data: URLs.

    Nothing that would be loaded from elsewhere is left but pictures, if that is wished. Raises
    TooComplex, also for what takes longer than so many seconds.
    """
    if len(html) > LARGEST or html.count("<") > MOST_TAGS or depth_of(html) > DEEPEST:
        raise TooComplex
    values = _Filter(pictures, remote=remote, end=time.monotonic() + seconds)
    sheets, body = head_of(html)
    cleaned = Cleaned(
        doctype=doctype_of(html),
        sheet=_sheet(sheets, values),
        body=_body(body, values),
        html=nh3.clean(
            html,
            tags=set(TAGS),
            clean_content_tags=set(DROPPED_WHOLE),
            attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
            attribute_filter=values,
            url_schemes={"http", "https", "mailto", "tel", "data", "cid"},
            link_rel="noopener noreferrer",
            set_tag_attribute_values={"a": {"target": "_blank"}},
        ),
    )
    if values.late:
        raise TooComplex
    return cleaned


def _sheet(sheets: Sequence[str], values: "_Filter") -> str:
    """Return style sheets made harmless; what is longer than anybody writes is cut off."""
    kept, left = [], LONGEST_SHEETS
    for each in sheets[:MOST_SHEETS]:
        kept.append(clean_sheet(each[:left], values.source))
        left -= min(len(each), left)
    return "".join(kept)


class _Filter:
    """Decides on single attribute values."""

    def __init__(
        self, pictures: Mapping[str, tuple[str, bytes]], *, remote: bool, end: float
    ) -> None:
        self._pictures = pictures
        self._remote = remote
        self._left = LARGEST_PICTURES
        self._end = end
        self.late = False

    def __call__(self, _tag: str, name: str, value: str) -> str | None:
        """Return the value to keep, or None; once it is late, nothing is looked at any more."""
        self.late = self.late or time.monotonic() > self._end
        if self.late:
            return None
        if name == "src":
            return self.source(value.strip()) or NO_PICTURE
        if name == "background":
            return self.source(value.strip())
        if name == "href":
            return value if _LINK.match(value) else None
        return clean_style(value, self.source) or None if name == "style" else value

    def source(self, url: str) -> str | None:
        """Return where a picture may be loaded from, which is mostly the document itself."""
        scheme, _, rest = url.partition(":")
        if scheme.lower() == "cid":
            return self._inline(unquote(rest))
        if scheme.lower() == "data":
            return url if rest.partition(";")[0].lower() in PICTURES else None
        return url if self._remote and _WEB.match(url) else None

    def _inline(self, content_id: str) -> str | None:
        kind, content = self._pictures.get(content_id, ("", b""))
        if kind not in PICTURES or len(content) > self._left:
            return None
        self._left -= len(content)
        return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _body(tag: str, values: _Filter) -> str:
    """Return the attributes of a body's tag that are kept, as they stand in a tag."""
    found: dict[str, str] = {}

    def note(tag: str, name: str, value: str) -> None:
        found[name] = values(tag, name, value) or ""

    if tag:
        of_body = {"div": set(OF_BODY)}
        # A fragment has no body, so the tag is read as another one.
        nh3.clean(f"<div{tag[5:]}", tags={"div"}, attributes=of_body, attribute_filter=note)
    found["class"] = f"mail {found.get('class', '')}".strip()
    return " ".join(f'{name}="{escape(value)}"' for name, value in found.items() if value)


_LINK = re.compile(r"(?i)(https?|mailto|tel):")
_WEB = re.compile(r"(?i)https?://")
