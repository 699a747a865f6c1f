"""Mail whose way, number and links all belong to its author, and bulk mail that one can end.

Both speak for a mail. Neither proves anything: a spammer may own a domain and be orderly, so they
lift little, and never what a rule refuses or holds by itself.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.links import web_links
from filter.views.route import entry
from filter.views.shape import field, has
from mailstore.envelopes import Symbol
from mailstore.hosts import site
from mailstore.wording import N_

FITS_ITS_AUTHOR = "FITS_ITS_AUTHOR"
CAN_BE_ENDED = "CAN_BE_ENDED"


@rule(FITS_ITS_AUTHOR, weight=-1.5, says=N_("It came the way mail of its author comes."))
def find_fits_its_author(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the client's name is the author's, and Message-ID or links are too."""
    author, hop = _site_of_author(exam), entry(exam)
    if author and hop and site(hop.reverse) == author and _is_marked_by(exam, author):
        yield Symbol(FITS_ITS_AUTHOR, author)


@rule(CAN_BE_ENDED, weight=-1.0, says=N_("It says how to stop getting such mail."))
def find_can_be_ended(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for List-Unsubscribe in mail that is proven, its author's, or one click.

    RFC 2369 and RFC 8058.
    """
    author = _site_of_author(exam)
    if not author or not has(exam.mail, "list-unsubscribe"):
        return
    one_click = has(exam.mail, "list-unsubscribe-post")
    if exam.authentication.proofs or one_click or _is_marked_by(exam, author):
        yield Symbol(CAN_BE_ENDED, author)


def _site_of_author(exam: Exam) -> str:
    authors = exam.mail.authors
    return site(authors[0][1].domain.lower()) if len(authors) == 1 else ""


def _is_marked_by(exam: Exam, author: str) -> bool:
    named = site(field(exam.mail, "message-id").lower().strip("<>").rpartition("@")[2]) == author
    return named or any(site(link.host) == author for link in web_links(exam.mail))
