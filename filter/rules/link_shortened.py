"""Links through services that shorten addresses, so that nobody sees where they lead."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.links import web_links
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "LINK_SHORTENED"
SHORTENERS = frozenset(
    [
        *("adf.ly", "bit.do", "bit.ly", "bitly.com", "buff.ly", "clck.ru", "cli.re", "cutt.ly"),
        *("goo.gl", "goo.su", "is.gd", "j.mp", "kutt.it", "lc.cx", "n9.cl", "ow.ly", "qrco.de"),
        *("rb.gy", "rebrand.ly", "s.id", "s.coop", "shorte.st", "short.gy", "shorturl.at"),
        *("sn.im", "snipurl.com", "soo.gd", "surl.li", "t.co", "t.ly", "t2m.io", "tiny.cc"),
        *("tiny.one", "tinyurl.com", "tr.im", "u.to", "urlz.fr", "v.gd", "x.co", "xurl.es"),
    ]
)


@rule(SYMBOL, weight=1.0, says=N_("A link does not show where it leads."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for the first such link."""
    for link in web_links(exam.mail):
        if link.host.removeprefix("www.") in SHORTENERS:
            yield Symbol(SYMBOL, link.host)
            return
