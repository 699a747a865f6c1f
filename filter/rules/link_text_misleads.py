"""Links whose text names one host while they lead to another.

The text of a link is what people go by. Platforms that send newsletters lead every link through
one host of theirs to count clicks: where nearly all links do so, that is no sign of deceit.
"""

import re
from collections import Counter
from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.links import Link, shown_host, web_links
from mailstore.envelopes import Symbol
from mailstore.hosts import site
from mailstore.wording import N_

SYMBOL = "LINK_TEXT_MISLEADS"
# Of text without http:// or www., only what ends like this is an address and not a file.
_ENDINGS = frozenset(
    [
        *("at", "be", "biz", "ch", "co", "com", "de", "edu", "es", "eu", "fr", "gov", "info"),
        *("it", "li", "lu", "net", "nl", "org", "swiss", "uk", "us"),
    ]
)
_NAMED = re.compile(r"(?i)(?:https?://|\bwww\.)([a-z0-9.\-]{1,253})")
_BARE = re.compile(r"(?i)\A[\"'(\[]?([a-z0-9\-]{1,63}(?:\.[a-z0-9\-]{1,63}){1,5})(?:[/?#:]\S*)?")
MANY = 3
NEARLY_ALL = 0.75


@rule(
    SYMBOL,
    weight=3.0,
    says=N_("It shows the address of one website, but its link leads to another."),
    suspects=True,
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for the first such link."""
    links = web_links(exam.mail)
    counted = _counting_sites(exam, links)
    for link in links:
        shown = _shown(link.text)
        if shown and site(shown) != site(link.host) and site(link.host) not in counted:
            yield Symbol(SYMBOL, f"{shown[:100]} leads to {shown_host(link.host)[:100]}")
            return


def _shown(text: str) -> str:
    """Return the host that a text names, or an empty text."""
    found = _NAMED.search(text)
    if found:
        host = found[1].rstrip(".").lower().removeprefix("www.")
        return host if "." in host else ""
    bare = _BARE.fullmatch(text)
    if bare and bare[1].rpartition(".")[2].lower() in _ENDINGS:
        return bare[1].lower()
    return ""


def _counting_sites(exam: Exam, links: list[Link]) -> set[str]:
    """Return the sites that a newsletter leads nearly all its links through."""
    bulk = ("List-Unsubscribe", "List-Id", "Feedback-ID")
    if not any(exam.mail.header(name) for name in bulk):
        return set()
    counts = Counter(site(link.host) for link in links)
    return {each for each, count in counts.items() if count >= max(MANY, NEARLY_ALL * len(links))}
