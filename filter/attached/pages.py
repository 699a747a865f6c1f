"""Web pages and drawings sent as attachments: what they do once they are opened.

Such a page runs on the reader's own computer, where no filter of web addresses sees it.
"""

import re
from enum import IntEnum

LARGEST = 2**20
SUFFIXES = frozenset({"htm", "html", "xhtml", "xht", "shtml", "mht", "mhtml", "svg", "svgz"})
TYPES = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml"})
_PASSWORD = re.compile(rb"type\s{0,20}=\s{0,20}[\"']?password", re.IGNORECASE)
_ACTIVE = re.compile(
    rb"<(?:script|form|iframe|embed|object|foreignobject)\b|javascript:|\bon(?:load|error|click)\s{0,20}="
    rb"|http-equiv\s{0,20}=\s{0,20}[\"']?refresh",
    re.IGNORECASE,
)
_BEGINS = (b"<!doctype html", b"<html", b"<svg", b"<script")
_MARKS = b"\xef\xbb\xbf\xff\xfe \t\r\n"


class Page(IntEnum):
    """What a page does, by how much it matters."""

    NONE = 0
    PLAIN = 1
    ACTIVE = 2
    ASKS_PASSWORD = 3


def page_of(content: bytes, suffixes: set[str], content_type: str) -> Page:
    """Return what an attached page does; NONE for what no browser would open as one."""
    if not (suffixes & SUFFIXES or content_type in TYPES or _looks_like(content, suffixes)):
        return Page.NONE
    # A page in UTF-16 has a NUL beside each of its letters.
    text = content[:LARGEST].replace(b"\0", b"")
    if _PASSWORD.search(text):
        return Page.ASKS_PASSWORD
    return Page.ACTIVE if _ACTIVE.search(text) else Page.PLAIN


def _looks_like(content: bytes, suffixes: set[str]) -> bool:
    unnamed = suffixes <= {""}
    begin = content[:200].replace(b"\0", b"").lstrip(_MARKS).lower()
    return unnamed and begin.startswith(_BEGINS)
