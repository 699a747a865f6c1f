"""The links of a mail, taken from its HTML and text in linear time, once for all rules.

Read as browsers read them: they forgive backslashes, line ends in the middle and spaces around an
address (WHATWG URL), and so does whoever wants to be clicked.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote

from filter.views.once import once_per_mail
from mailstore.hosts import readable
from mailstore.mime import Mail

MOST_LINKS = 200
MOST_TEXT = 512 * 1024
LONGEST = 2000
_HREF = re.compile(r"(?i)\bhref\s{0,9}=\s{0,9}(?:\"([^\"]*)|'([^']*)|([^\s>]+))")
_ANCHOR = re.compile(r"(?i)(?:a|area)[\s/]")
_ADDRESS = re.compile(r"(?i)(?:\bhttps?://|\bwww\.)[^\s<>\"'\\^`{|}]{1,2000}")
_SCHEME = re.compile(r"(?i)([a-z][a-z0-9+.-]{0,30}):")
_HOST = re.compile(r"[\w.-]+")
_UNSEEN = re.compile(r"[\x00-\x20]")
# Services that wrap every link of a mail to look at it when it is clicked: what counts lies inside.
_WRAPPERS = (
    (".safelinks.protection.outlook.com", "url="),
    ("www.google.com", "q="),
    ("www.google.ch", "q="),
    ("linkprotect.cudasvc.com", "a="),
    ("urldefense.com", "__"),
)
WEB = frozenset({"http", "https", "ftp"})


@dataclass(frozen=True, slots=True)
class Link:
    """A link as a browser would follow it, and the text that a reader sees for it.

    `host` is lower case and has no port; `posing`: a name stands in front of an @ before it.
    """

    target: str
    scheme: str
    host: str
    posing: bool = False
    text: str = ""


@once_per_mail
def links(mail: Mail) -> tuple[Link, ...]:
    """Return the first links of a mail's bodies, those to the web and others."""
    return tuple(islice(_links(mail), MOST_LINKS))


def web_links(mail: Mail) -> list[Link]:
    """Return the links that lead to a host."""
    return [link for link in links(mail) if link.scheme in WEB and link.host]


def read_link(target: str, text: str = "") -> Link:
    """Return a link by its address, whatever that is."""
    clean = _UNSEEN.sub("", target[:LONGEST])
    found = _SCHEME.match(clean)
    scheme, rest = (found[1].lower(), clean[found.end() :]) if found else ("", clean)
    if not scheme and clean.startswith("//"):
        scheme = "https"
    if scheme not in WEB:
        return Link(clean, scheme, "", text=text)
    authority = re.split(r"[/?#]", rest.replace("\\", "/").lstrip("/"), maxsplit=1)[0]
    user, at, host = authority.rpartition("@")
    return Link(clean, scheme, _plain(host), posing=bool(at and "." in user), text=text)


def _plain(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    found = _HOST.match(unquote(host))
    return found[0].rstrip(".").lower() if found else ""


def _links(mail: Mail) -> Iterator[Link]:
    left = MOST_TEXT
    for part in mail.parts:
        if part.attached or part.content_type not in {"text/html", "text/plain"} or left <= 0:
            continue
        text = part.text()[:left]
        left -= len(text)
        yield from _of_html(text) if part.content_type == "text/html" else _of_text(text)


def _of_text(text: str) -> Iterator[Link]:
    small = text.lower()
    if "://" not in small and "www." not in small:
        return
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(".,;:!?)")
        yield read_link(address if "://" in address[:9] else f"http://{address}")


def _of_html(text: str) -> Iterator[Link]:
    """Yield each anchor with the text up to its end; tags in between are left out."""
    target = ""
    shown: list[str] = []
    for piece in text.split("<"):
        opens = _ANCHOR.match(piece)
        if target and (opens or piece[:2].lower() == "/a"):
            yield _anchor(target, shown)
            target, shown = "", []
        if opens:
            found = _HREF.search(piece)
            target = next(filter(None, found.groups()), "") if found else ""
            # What is quoted may contain the end of a tag.
            shown.append(piece[found.end() if found else 0 :].partition(">")[2])
        elif target and len(shown) < LONGEST:
            shown.append(piece.partition(">")[2])
    if target:
        yield _anchor(target, shown)


def _anchor(target: str, shown: list[str]) -> Link:
    text = " ".join(html.unescape("".join(shown)[:LONGEST]).split())
    link = read_link(html.unescape(target[:LONGEST]).strip(), text)
    return read_link(_unwrapped(link), text)


def _unwrapped(link: Link) -> str:
    for host, before in _WRAPPERS:
        if link.host == host or (host[0] == "." and link.host.endswith(host)):
            _, found, inner = link.target.partition(before)
            inner = unquote(re.split(r"&|__", inner, maxsplit=1)[0])
            return inner if found and inner.lower().startswith("http") else link.target
    return link.target


def shown_host(host: str) -> str:
    """Return a host as a finding shows it: letters beside the punycode that hides them."""
    letters = readable(host)
    return host if letters == host else f"{host} ({letters})"
