"""Mail that is a picture, so that filters read nothing, or that reports when it is opened."""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.shape import has, page
from mailstore.envelopes import Symbol
from mailstore.wording import N_

PICTURE_INSTEAD_OF_TEXT = "PICTURE_INSTEAD_OF_TEXT"
WEB_BUG = "WEB_BUG"
LITTLE = 300
_TINY = re.compile(r"(?:width|height)\s*[=:]\s*[\"']?\s*[01](?:px)?[\"'\s;>/]")
_REMOTE = re.compile(r"src\s*=\s*[\"']?\s*http")


@rule(PICTURE_INSTEAD_OF_TEXT, weight=0.3, says=N_("It shows a picture instead of text."))
def find_picture_instead_of_text(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if there are remote pictures and hardly any text."""
    seen = page(exam.mail)
    remote = any(_REMOTE.search(each[:1000]) for each in seen.of("img"))
    if remote and len(" ".join(seen.text.split())) < LITTLE:
        yield Symbol(PICTURE_INSTEAD_OF_TEXT)


@rule(WEB_BUG, weight=0.1, says=N_("It reports to its author when you open it."))
def find_web_bug(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for a remote picture that nobody can see, in mail without a list."""
    if has(exam.mail, "list-unsubscribe", "list-id"):
        return
    for each in page(exam.mail).of("img"):
        if _REMOTE.search(each[:1000]) and _TINY.search(f"{each[:1000]} "):
            yield Symbol(WEB_BUG)
            return
