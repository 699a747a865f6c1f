"""Links that lead elsewhere than they say, or to a host that looks like another: told beside them.

Works on what the sanitiser wrote, where every `<` begins a tag and every value stands in quotes.
"""

import re
from collections.abc import Iterator
from html import escape, unescape
from urllib.parse import unquote

from portal.content.turns import TURNS

LONGEST_TEXT = 2000
LONGEST_HOST = 253
# Said on the element itself, and important: no rule of the mail is stronger.
LOOK = (
    "all:initial!important;unicode-bidi:isolate!important;direction:ltr!important;"
    "color:#6b2a00!important;background:#fff!important;font:12px sans-serif!important"
)
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?: [^ =">]+="[^"]*")*)>')
_HREF = re.compile(r' href="([^"]*)"')
_WEB = re.compile(r"(?i)https?:[/\\]*([^/\\?#]*)")
_MAIL = re.compile(r"(?i)mailto:[^?]*@([^?,;@]*)")
_SHOWN = re.compile(r"(?<![\w.-])(?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_PORT = re.compile(r":\d*$")
_UNSEEN = re.compile(r"[\t\r\n\0\u200b-\u200d\u2060\ufeff\xad]")


def tell_hosts(html: str) -> str:
    """Return the HTML with the true host behind each link that hides it.

    Characters that turn the direction of text are dropped inside of links.
    """
    return "".join(_told(html))


def _told(html: str) -> Iterator[str]:
    end, target, text = 0, "", ""
    for tag in _TAG.finditer(html):
        between = html[end : tag.start()]
        end = tag.end()
        if target:
            between = between.translate(TURNS)
            text = (text + between)[:LONGEST_TEXT]
        yield between
        yield tag[0]
        if tag[2] == "a":
            if target:
                yield note(target, unescape(text))
            href = None if tag[1] else _HREF.search(tag[3])
            target, text = unescape(href[1]) if href else "", ""
    yield html[end:]


def note(target: str, text: str) -> str:
    """Return the true host as an element, empty where a link leads where its text says."""
    host, odd = host_of(target)
    if not host or not (odd or _misleads(host, text)):
        return ""
    return f' <bdi style="{LOOK}">[{escape(host)}]</bdi> '


def host_of(target: str) -> tuple[str, bool]:
    """Return the host that a browser goes to, in ASCII, and whether its address disguises it."""
    target = _UNSEEN.sub("", target).strip()
    web, mail = _WEB.match(target), _MAIL.match(target)
    if web is None:
        return (_ascii(mail[1]), False) if mail else ("", False)
    before, at, said = web[1].rpartition("@")
    said = _PORT.sub("", said)
    host = _ascii(unquote(said))
    return host, bool(at and before) or "xn--" in host or host != said.lower()


def _misleads(host: str, text: str) -> bool:
    """Whether the first host that a text names is not the one, nor above it."""
    found = _SHOWN.search(_UNSEEN.sub("", text))
    shown = _ascii(found[0]).removeprefix("www.") if found else host
    return host != shown and not host.endswith(f".{shown}")


def _ascii(host: str) -> str:
    host = host.strip().rstrip(".").lower()[:LONGEST_HOST]
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return host
