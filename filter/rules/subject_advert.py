"""Subjects that are marked as advertising, or name the reader by the address."""

import re
from collections.abc import Iterator
from email.utils import getaddresses

from filter.rule import Exam, rule
from filter.views.shape import field, subject
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SUBJECT_ADVERT = "SUBJECT_ADVERT"
SUBJECT_NAMES_ADDRESS = "SUBJECT_NAMES_ADDRESS"
SHORTEST_NAME = 4
_MARKED = re.compile(
    r"(?i)[\[(<*]?\s?(?:adv|advert|advertisement|anzeige|werbung|publicit[eé]|pubblicit[aà])\b"
    r"\s?[\])>*:.-]"
)


@rule(SUBJECT_ADVERT, weight=1.6, says=N_("It calls itself advertising."))
def find_subject_advert(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the Subject begins with a mark of advertising."""
    if _MARKED.match(subject(exam.mail)):
        yield Symbol(SUBJECT_ADVERT)


@rule(
    SUBJECT_NAMES_ADDRESS,
    weight=0.9,
    says=N_("It calls you by your address because it does not know your name."),
)
def find_subject_names_address(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the Subject begins with the local part, or names the address."""
    said = subject(exam.mail).lower()
    for _, text in getaddresses([field(exam.mail, "to")])[:3]:
        local = text.split("@")[0].lower()
        if len(local) >= SHORTEST_NAME and (
            text.lower() in said or said.startswith((f"{local},", f"{local} "))
        ):
            yield Symbol(SUBJECT_NAMES_ADDRESS, local)
            return
