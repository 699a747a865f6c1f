"""What stands around the content of a mail's HTML, found without parsing it.

Guesses that hostile text can fool, in time linear to its size: what they find is cleaned like
anything else, and the sandbox's time limit ends what takes too long.
"""

import re
from collections import Counter

LONGEST_TAG = 4096
_PARTS = re.compile(r"(?i)<!--|<style(?=[\s/>])|<(body)(?=[\s/>])")
_STYLE_END = re.compile(r"(?i)</style")
_MEDIA = re.compile(r"(?i)\smedia\s*=\s*[\"']?([\w\s,():-]{1,200})")
_DOCTYPE = re.compile(r"(?i)\s*(?:<\?xml[^>]{0,200}>\s*)?(<!doctype\s+html[\w\s.\"/:-]{0,300}>)")
_ELSEWHERE = re.compile(
    r"(?i)\b(?:src|background)\s*=\s*[\"']?\s*https?://|url\(\s*[\"']?\s*https?://"
)


def doctype_of(html: str) -> str:
    """Return the doctype, which decides by what rules browsers lay out; empty without one."""
    found = _DOCTYPE.match(html)
    return found[1] if found else ""


def head_of(html: str) -> tuple[list[str], str]:
    """Return the style sheets of a mail, and the tag of its body, in time linear to its size."""
    sheets: list[str] = []
    body, place = "", 0
    while found := _PARTS.search(html, place):
        if found[0] == "<!--":
            place = html.find("-->", found.start() + 2)
            if place < 0:
                break
            continue
        inside = html.find(">", found.end()) + 1
        if not inside:
            break
        tag, place = html[found.start() : inside][:LONGEST_TAG], inside
        if found[1]:
            body = body or tag
            continue
        end = _STYLE_END.search(html, inside)
        place = end.end() if end else len(html)
        sheets.append(_for_media(tag, html[inside : end.start() if end else len(html)]))
    return sheets, body


def wants_pictures(html: str) -> bool:
    """Whether a mail seems to have pictures that lie elsewhere, which is a guess by its text."""
    return bool(_ELSEWHERE.search(_without_comments(html)))


def depth_of(html: str) -> int:
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


def _for_media(tag: str, sheet: str) -> str:
    media = _MEDIA.search(tag)
    return f"@media {media[1]}{{{sheet}}}" if media else sheet


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
