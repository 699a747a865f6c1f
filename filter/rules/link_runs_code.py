"""Links that run code or carry a whole page instead of leading to one."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.links import links
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "LINK_RUNS_CODE"
_CODE = frozenset({"javascript", "vbscript", "search-ms", "ms-msdt", "ms-appinstaller"})
_PAGES = ("data:text/html", "data:application", "data:image/svg", "data:text/xml")


@rule(SYMBOL, weight=4.0, says=N_("A link runs a program instead of opening a website."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for the first such link."""
    for link in links(exam.mail):
        if _runs(link.scheme, link.target.lower()):
            yield Symbol(SYMBOL, link.scheme)
            return


def _runs(scheme: str, target: str) -> bool:
    # Old newsletters put such a link on what does nothing.
    if scheme == "javascript" and target.rstrip(";") in {"javascript:", "javascript:void(0)"}:
        return False
    return scheme in _CODE or target.startswith(_PAGES)
