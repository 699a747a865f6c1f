"""Links to hosts that hide who they belong to: numbers, foreign letters, a name before an @."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.links import shown_host, web_links
from mailstore.envelopes import Symbol
from mailstore.hosts import mixes_alphabets, numeric
from mailstore.wording import N_

TO_NUMBER = "LINK_TO_NUMBER"
PUNYCODE = "LINK_PUNYCODE"
MIXED = "LINK_MIXED_ALPHABETS"
POSES = "LINK_POSES"


@rule(
    TO_NUMBER,
    weight=2.5,
    says=N_("A link leads to a computer that has no name."),
)
def find_numbers(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for the first link to an IP address, in any spelling."""
    for link in web_links(exam.mail):
        if numeric(link.host):
            yield Symbol(TO_NUMBER, link.host)
            return


@rule(
    PUNYCODE,
    weight=1.0,
    says=N_("A link leads to a website with letters that are easily mistaken."),
)
def find_punycode(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for the first link to a host with other letters than a to z (RFC 3492).

    Names with umlauts are ordinary in German and French, so it weighs little.
    """
    for link in web_links(exam.mail):
        if not link.host.isascii() or "xn--" in link.host:
            yield Symbol(PUNYCODE, shown_host(link.host))
            return


@rule(
    MIXED,
    weight=4.0,
    says=N_("A link leads to a website whose name mixes letters of several alphabets."),
)
def find_mixed(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for the first host with letters of several alphabets in one label."""
    for link in web_links(exam.mail):
        if mixes_alphabets(link.host):
            yield Symbol(MIXED, shown_host(link.host))
            return


@rule(
    POSES,
    weight=3.5,
    says=N_("A link begins with the name of a website, but leads to another."),
)
def find_posing(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for the first link with a host's name as its user: `bank.ch@evil.ch`."""
    for link in web_links(exam.mail):
        if link.posing:
            yield Symbol(POSES, link.host)
            return
