"""An author whose domain has nothing to do with the way the mail took, nor with where it leads.

Shops have others send their newsletters, and small firms use the server of their provider: one
of these alone says little. Lists carry mail of everybody: they are left out.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.links import web_links
from filter.views.route import hops
from filter.views.shape import field, has, is_list
from mailstore.envelopes import Symbol
from mailstore.hosts import site
from mailstore.wording import N_

STRANGE_ROUTE = "STRANGE_ROUTE"
LINKS_ELSEWHERE = "LINKS_ELSEWHERE"
MOST_NAMED = 3


@rule(STRANGE_ROUTE, weight=0.8, says=N_("The way it took has nothing to do with its author."))
def find_strange_route(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if no hop and no Message-ID names the author's domain, nor any proof."""
    if exam.authentication.proofs or is_list(exam.mail) or not hops(exam.mail):
        return
    # Whoever has others send newsletters, or mail at all, is a customer of theirs.
    if has(exam.mail, "list-unsubscribe"):
        return
    way = " ".join(f"{hop.helo} {hop.reverse} {hop.by}" for hop in hops(exam.mail))
    way += f" {exam.client.helo} {exam.authentication.client_name or ''} ".lower()
    way += field(exam.mail, "message-id").lower()
    for _, author in exam.mail.authors[:1]:
        if site(author.domain) not in way:
            yield Symbol(STRANGE_ROUTE, author.domain)


@rule(LINKS_ELSEWHERE, weight=0.1, says=N_("None of its links leads to its author."))
def find_links_elsewhere(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if all web links lead to other domains than the author's."""
    hosts = {site(link.host) for link in web_links(exam.mail)}
    authors = {site(author.domain) for _, author in exam.mail.authors[:1]}
    if hosts and authors and not hosts & authors and not is_list(exam.mail):
        yield Symbol(LINKS_ELSEWHERE, ", ".join(sorted(hosts)[:MOST_NAMED]))
