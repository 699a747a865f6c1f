"""Links to very many different websites, as only directories and digests have them.

Digests of lists have them too, so it weighs little.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.links import web_links
from mailstore.envelopes import Symbol
from mailstore.hosts import site
from mailstore.wording import N_

SYMBOL = "LINK_MANY_HOSTS"
MANY = 20


@rule(SYMBOL, weight=0.5, says=N_("It has links to many different websites."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the number of sites."""
    sites = {site(link.host) for link in web_links(exam.mail)}
    if len(sites) >= MANY:
        yield Symbol(SYMBOL, str(len(sites)))
