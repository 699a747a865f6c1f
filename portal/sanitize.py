"""Other people's HTML made harmless: last, by a short allow-list, inside the sandbox.

What remains is shown in a frame of its own whose policy loads and runs nothing, so this is the
second wall and not the only one.
"""

import base64
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import nh3
import tinycss2

LARGEST = 5 * 2**20
DEEPEST = 200
LARGEST_PICTURES = 8 * 2**20
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
TAGS = frozenset(
    [
        *("a", "abbr", "address", "article", "b", "big", "blockquote", "br", "caption", "center"),
        *("cite", "code", "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt"),
        *("em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6"),
        *("header", "hr", "i", "img", "ins", "kbd", "li", "main", "map", "mark", "nav", "ol"),
        *("p", "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong", "sub"),
        *("summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt"),
        *("u", "ul", "var", "wbr"),
    ]
)
DROPPED_WHOLE = frozenset({"script", "style", "title", "template", "noscript", "svg", "math"})
ATTRIBUTES = {
    "*": {"align", "bgcolor", "dir", "height", "lang", "style", "title", "valign", "width"},
    "a": {"href", "name"},
    "font": {"color", "face", "size"},
    "img": {"alt", "border", "hspace", "src", "vspace"},
    "ol": {"start", "type"},
    "table": {"border", "cellpadding", "cellspacing", "rules", "summary"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
}
STYLES = frozenset(
    [
        *("background-color", "border", "border-bottom", "border-collapse", "border-color"),
        *("border-left", "border-radius", "border-right", "border-spacing", "border-style"),
        *("border-top", "border-width", "color", "direction", "display", "font", "font-family"),
        *("font-size", "font-style", "font-variant", "font-weight", "height", "letter-spacing"),
        *("line-height", "list-style-type", "margin", "margin-bottom", "margin-left"),
        *("margin-right", "margin-top", "max-height", "max-width", "min-height", "min-width"),
        *("padding", "padding-bottom", "padding-left", "padding-right", "padding-top"),
        *("table-layout", "text-align", "text-decoration", "text-indent", "text-transform"),
        *("vertical-align", "white-space", "width", "word-break", "word-spacing", "word-wrap"),
    ]
)


class TooComplex(Exception):
    """The HTML is larger or deeper than is worth cleaning; the plain text is shown instead."""


def clean_html(html: str, pictures: Mapping[str, tuple[str, bytes]]) -> str:
    """Return harmless HTML; inline pictures (by Content-ID) become data: URLs.

    Nothing that would be loaded from elsewhere is left. Raises TooComplex.
    """
    if len(html) > LARGEST or _depth(html) > DEEPEST:
        raise TooComplex
    return nh3.clean(
        html,
        tags=set(TAGS),
        clean_content_tags=set(DROPPED_WHOLE),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_Filter(pictures),
        url_schemes={"http", "https", "mailto", "tel", "data", "cid"},
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


class _Filter:
    """Decides on single attribute values."""

    def __init__(self, pictures: Mapping[str, tuple[str, bytes]]) -> None:
        self._pictures = pictures
        self._left = LARGEST_PICTURES

    def __call__(self, _tag: str, name: str, value: str) -> str | None:
        if name == "src":
            return self._source(value.strip())
        if name == "href":
            return value if _LINK.match(value) else None
        return _clean_style(value) if name == "style" else value

    def _source(self, value: str) -> str | None:
        if value.lower().startswith("cid:"):
            return self._inline(unquote(value[len("cid:") :]))
        kind = value[len("data:") :].partition(";")[0].lower()
        return value if value.lower().startswith("data:") and kind in PICTURES else None

    def _inline(self, content_id: str) -> str | None:
        kind, content = self._pictures.get(content_id, ("", b""))
        if kind not in PICTURES or len(content) > self._left:
            return None
        self._left -= len(content)
        return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _clean_style(style: str) -> str | None:
    """Return the declarations that only lay out; whatever could load or compute is dropped."""
    kept = [
        f"{each.lower_name}:{tinycss2.serialize(each.value).strip()}"
        for each in tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True)
        if each.type == "declaration" and each.lower_name in STYLES and _is_plain(each.value)
    ]
    return ";".join(kept) or None


def _is_plain(tokens: Sequence[Any]) -> bool:
    return all(
        token.type in PLAIN_TOKENS
        or (
            token.type == "function"
            and token.lower_name in FUNCTIONS
            and all(each.type in PLAIN_TOKENS for each in token.arguments)
        )
        for token in tokens
    )


# No strings but as names of fonts, no url, no at-rules, no brackets.
PLAIN_TOKENS = frozenset(
    {"whitespace", "ident", "number", "percentage", "dimension", "hash", "string", "literal"}
)
FUNCTIONS = frozenset({"rgb", "rgba", "hsl", "hsla"})
_LINK = re.compile(r"(?i)(https?|mailto|tel):")


def _depth(html: str) -> int:
    """Return how deep tags seem to nest, without parsing: quick on hostile input.

    A guess that can be fooled; then the sandbox's time limit ends what takes too long.
    """
    opened: Counter[str] = Counter()
    depth = deepest = 0
    inside_tag = False
    for piece in _without_comments(html).split("<")[1:]:
        name = None if inside_tag else _NAME.match(piece)
        inside_tag = ">" not in piece
        if name is None or (tag := name[2].lower()) in UNNESTED:
            continue
        step = -min(opened[tag], 1) if name[1] else 1
        opened[tag] += step
        depth += step
        deepest = max(deepest, depth)
    return deepest


def _without_comments(html: str) -> str:
    first, *rest = html.split("<!--")
    return first + "".join(piece.partition("-->")[2] for piece in rest)


_NAME = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Void elements, and those whose end tag authors leave out.
UNNESTED = frozenset(
    [
        *("area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input", "link"),
        *("meta", "param", "source", "track", "wbr", "dd", "dt", "li", "option", "p", "td", "th"),
        *("tr", "tbody", "thead", "tfoot", "colgroup"),
    ]
)
