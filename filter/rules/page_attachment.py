"""Web pages and SVG drawings as attachments, which open in the browser of whoever clicks them.

A page that asks for a password, and is not on any website, is there to steal it.
"""

from collections.abc import Iterator

from filter.attached.attachments import first_few, look
from filter.attached.pages import Page
from filter.rule import Exam, rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

PLAIN = "PAGE_ATTACHED"
ACTIVE = "ACTIVE_PAGE_ATTACHED"
ASKS_PASSWORD = "PAGE_ASKS_PASSWORD"  # noqa: S105 (the name of a symbol)


@rule(PLAIN, weight=0.5, says=N_("An attachment is a web page."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for each of the first pages that only show something."""
    for where in _where(exam, Page.PLAIN):
        yield Symbol(PLAIN, where)


@rule(ACTIVE, weight=4.0, says=N_("An attachment is a web page that does more than show text."))
def find_active(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for each of the first pages with a form or a script."""
    for where in _where(exam, Page.ACTIVE):
        yield Symbol(ACTIVE, where)


@rule(
    ASKS_PASSWORD,
    weight=5.0,
    says=N_("An attachment is a web page that asks for a password."),
    marks=MailClass.PHISH,
)
def find_asking(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for each of the first pages with a field for a password."""
    for where in _where(exam, Page.ASKS_PASSWORD):
        yield Symbol(ASKS_PASSWORD, where)


def _where(exam: Exam, kind: Page) -> Iterator[str]:
    yield from first_few([where for where, found in look(exam.mail).pages.items() if found is kind])
