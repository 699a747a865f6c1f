"""Mail that came in from a computer without a name, or from one that lied about it."""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.route import entry, from_the_net, hops
from mailstore.envelopes import Symbol
from mailstore.wording import N_

CLIENT_NAMELESS = "CLIENT_NAMELESS"
HELO_NUMBERS = "HELO_NUMBERS"
HELO_FORGED = "HELO_FORGED"
HELO_ONE_WORD = "HELO_ONE_WORD"
CLIENT_AT_HOME = "CLIENT_AT_HOME"
_NUMBERS = re.compile(r"\[?\d{1,3}(?:\.\d{1,3}){3}\]?")
_DYNAMIC = re.compile(
    r"(?i)(?:dial|dsl|cable|dyn|pool|ppp|dhcp|client|modem|\d{1,3}[.-]\d{1,3}[.-]\d{1,3}[.-]\d{1,3})"
)


@rule(
    CLIENT_NAMELESS,
    weight=1.5,
    says=N_("It came from a computer that has no name on the internet."),
)
def find_client_nameless(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the hop from the open net has no name."""
    hop = entry(exam)
    unknown = exam.outside and exam.authentication.client_name is None
    if hop and not hop.reverse and not unknown:
        yield Symbol(CLIENT_NAMELESS, hop.ip)


@rule(
    HELO_NUMBERS,
    weight=0.9,
    says=N_("The computer that sent it gave a number instead of its name."),
)
def find_helo_numbers(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the client, or a stranger before it, greeted with a bare address."""
    strangers = (hop for hop in hops(exam.mail) if from_the_net(hop))
    for hop in filter(None, (entry(exam), *strangers)):
        if _NUMBERS.fullmatch(hop.helo):
            yield Symbol(HELO_NUMBERS, hop.helo)
            return


@rule(HELO_FORGED, weight=0.6, says=N_("The computer that sent it lied about its name."))
def find_helo_forged(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the greeting is in a domain quite other than the name of the client."""
    hop = entry(exam)
    if hop and hop.reverse and "." in hop.helo and not _NUMBERS.fullmatch(hop.helo):
        said, real = (name.rsplit(".", 2)[-2:] for name in (hop.helo, hop.reverse))
        if said != real:
            yield Symbol(HELO_FORGED, f"{hop.helo} is {hop.reverse}")


@rule(HELO_ONE_WORD, weight=0.9, says=N_("The computer that sent it did not give its full name."))
def find_helo_one_word(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the hop from the open net greeted with a word that is no full name."""
    hop = entry(exam)
    if hop and hop.helo and "." not in hop.helo and ":" not in hop.helo:
        yield Symbol(HELO_ONE_WORD, hop.helo)


@rule(
    CLIENT_AT_HOME, weight=0.8, says=N_("It came straight from somebody's internet access at home.")
)
def find_client_at_home(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the name of the client is that of a dial-up line."""
    hop = entry(exam)
    if hop and _DYNAMIC.search(hop.reverse[:200]):
        yield Symbol(CLIENT_AT_HOME, hop.reverse)
