"""Other people's style sheets made harmless: allow-listed, of one mail only, written anew.

Nothing of the text itself passes: what remains is serialised from tokens (css-syntax-3), so that
it lays out and colours, and neither loads nor leaves the mail.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import tinycss2

# The body of the document that shows the mail.
SCOPE, BODY = ".mail", "body.mail"
DEEPEST = 4
_SIDES = ("top", "right", "bottom", "left")
_CORNERS = ("top-left", "top-right", "bottom-left", "bottom-right")
PROPERTIES = frozenset(
    [
        *("background", "background-color", "background-image", "background-position"),
        *("background-repeat", "background-size", "border", "border-collapse", "border-color"),
        *("border-radius", "border-spacing", "border-style", "border-width", "box-sizing"),
        *("caption-side", "clear", "color", "direction", "display", "empty-cells", "float", "font"),
        *("font-family", "font-size", "font-style", "font-variant", "font-weight", "height"),
        *("letter-spacing", "line-height", "list-style", "list-style-image"),
        *("list-style-position", "list-style-type", "margin", "max-height", "max-width"),
        *("min-height", "min-width", "opacity", "overflow", "overflow-wrap", "overflow-x"),
        *("overflow-y", "padding", "table-layout", "text-align", "text-decoration"),
        *("text-decoration-color", "text-indent", "text-overflow", "text-transform"),
        *("unicode-bidi", "vertical-align", "visibility", "white-space", "width", "word-break"),
        *("word-spacing", "word-wrap"),
        *(f"{what}-{side}" for what in ("margin", "padding", "border") for side in _SIDES),
        *(f"border-{side}-{part}" for side in _SIDES for part in ("color", "style", "width")),
        *(f"border-{corner}-radius" for corner in _CORNERS),
    ]
)
PICTURED = frozenset({"background", "background-image", "list-style", "list-style-image"})
FUNCTIONS = frozenset(
    [
        *("rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "clamp"),
        *("linear-gradient", "radial-gradient"),
    ]
)
PLAIN = frozenset({"whitespace", "ident", "number", "percentage", "dimension", "hash", "string"})
STATES = frozenset(
    [
        *("active", "first-child", "first-of-type", "focus", "hover", "last-child"),
        *("last-of-type", "link", "visited"),
    ]
)
_ROOTS = frozenset({"html", "body"})

# Returns where a picture may be loaded from, if at all.
Source = Callable[[str], str | None]


def no_source(_url: str) -> None:
    """Let no picture in."""


def clean_sheet(css: str, source: Source = no_source) -> str:
    """Return the rules of a style sheet that only lay out the mail, each bound to the mail."""
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return "".join(_rules(rules, source, 0))


def clean_style(style: str, source: Source = no_source) -> str:
    """Return the declarations that only lay out, in their order."""
    return _declarations(style, source) if "url" in style else _without_pictures(style)


@lru_cache(4096)
def _without_pictures(style: str) -> str:
    return _declarations(style, no_source)


def _rules(rules: Sequence[Any], source: Source, depth: int) -> Iterator[str]:
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = ",".join(_selectors(rule.prelude))
            declarations = _declarations(rule.content, source) if selectors else ""
            if declarations:
                yield f"{selectors}{{{declarations}}}"
        elif rule.type == "at-rule" and rule.lower_at_keyword == "media" and depth < DEEPEST:
            yield from _media(rule, source, depth)


def _media(rule: Any, source: Source, depth: int) -> Iterator[str]:
    if rule.content is None or not _is_condition(rule.prelude, 0):
        return
    inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
    if kept := "".join(_rules(inner, source, depth + 1)):
        yield f"@media {tinycss2.serialize(rule.prelude).strip()}{{{kept}}}"


def _is_condition(tokens: Sequence[Any], depth: int) -> bool:
    """Whether tokens are a media query: words, and features with a value in brackets."""
    return depth < DEEPEST and all(
        token.type in {"whitespace", "ident", "number", "dimension"}
        or (token.type == "literal" and token.value in {",", ":", "/"})
        or (token.type == "() block" and _is_condition(token.content, depth + 1))
        for token in tokens
    )


def _declarations(style: str | Sequence[Any], source: Source) -> str:
    parsed = tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True)
    kept = []
    for each in parsed:
        if each.type != "declaration" or each.lower_name not in PROPERTIES:
            continue
        value = _value(each.lower_name, each.value, source)
        if value and "<" not in value:
            kept.append(f"{each.lower_name}:{value}{'!important' if each.important else ''}")
    return ";".join(kept)


def _value(name: str, tokens: Sequence[Any], source: Source) -> str:
    """Return a value as text, empty if anything in it is not known to be harmless."""
    said = []
    for token in tokens:
        url = _url(token)
        if url is not None:
            said.append(_picture(name, url, source))
        elif _is_plain(token, 0):
            said.append(token.serialize())
        else:
            return ""
    return "" if None in said else "".join(filter(None, said)).strip()


def _picture(name: str, url: str, source: Source) -> str | None:
    """Return a picture as a value, `none` in place of one that does not come, else None."""
    found = source(url.strip()) if name in PICTURED else None
    if found:
        return f'url("{quote(found, safe=_IN_URLS)}")'
    return "none" if name in {"background", "list-style"} else None


def _url(token: Any) -> str | None:
    if token.type == "url":
        return str(token.value)
    if token.type == "function" and token.lower_name == "url":
        return "".join(each.value for each in token.arguments if each.type == "string")
    return None


def _is_plain(token: Any, depth: int) -> bool:
    if token.type == "literal":
        return token.value in _BETWEEN
    if token.type in {"function", "() block"} and depth < DEEPEST:
        inner = token.content if token.type == "() block" else token.arguments
        known = token.type == "() block" or token.lower_name in FUNCTIONS
        return known and all(_is_plain(each, depth + 1) for each in inner)
    return token.type in PLAIN


def _selectors(prelude: Sequence[Any]) -> Iterator[str]:
    """Yield the selectors of a rule that are understood, each bound to the mail."""
    selector: list[Any] = []
    for token in [*prelude, None]:
        if token is None or (token.type == "literal" and token.value == ","):
            if _is_selector(selector):
                yield from _bound(selector)
            selector = []
        else:
            selector.append(token)


def _is_selector(tokens: Sequence[Any]) -> bool:
    """Whether tokens name elements: no part of one such as ::after, and no other function."""
    after = ""
    for token in tokens:
        if after == ":" and not (token.type == "ident" and token.lower_value in STATES):
            return False
        after = token.value if token.type == "literal" else ""
        if token.type == "literal" and after not in _COMBINING:
            return False
        if token.type == "[] block" and not all(map(_is_of_attribute, token.content)):
            return False
        if token.type not in {"literal", "ident", "hash", "whitespace", "[] block"}:
            return False
    return after not in {":", "."} and any(token.type != "whitespace" for token in tokens)


def _is_of_attribute(token: Any) -> bool:
    if token.type == "literal":
        return str(token.value) in _COMPARING
    return token.type in {"ident", "string", "whitespace"}


def _bound(tokens: Sequence[Any]) -> Iterator[str]:
    """Yield a selector within the mail; what may mean the body too is said for both."""
    rest, rooted = _below_roots(tokens)
    text = tinycss2.serialize(rest).rstrip()
    if "<" in text or "{" in text:
        return
    if rooted:
        yield BODY + text
        return
    text = text.lstrip()
    yield f"{SCOPE} {text}"
    if text[:1] in {".", "#", "[", ":"}:
        yield SCOPE + text
    elif text.startswith("*"):
        yield SCOPE + text[1:]


def _below_roots(tokens: Sequence[Any]) -> tuple[Sequence[Any], bool]:
    """Return what of a selector is left behind html and body, and whether one was there."""
    rest, rooted = list(tokens), False
    while True:
        start = 0
        while start < len(rest) and _is_between(rest[start]):
            start += 1
        if start == len(rest) or rest[start].type != "ident":
            return rest, rooted
        if rest[start].lower_value not in _ROOTS:
            return rest, rooted
        rest, rooted = rest[start + 1 :], True


def _is_between(token: Any) -> bool:
    return token.type == "whitespace" or (token.type == "literal" and str(token.value) == ">")


_BETWEEN = frozenset({",", "/", "+", "-", "*"})
_COMBINING = frozenset({".", ">", "+", "~", "*", ":"})
_COMPARING = frozenset({"=", "~=", "|=", "^=", "$=", "*="})
# No quote, bracket, backslash, blank or line end is in a picture's address.
_IN_URLS = ":/?#[]@!$&*+,;=%~"
