"""Mail that says it was written with Outlook Express.

The program ended in 2009; its name is now used nearly only by programs that send spam, so the
mail is refused in the session and the few people who still use it learn why at once.
"""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "CMR-HDR-OE-EOL"
_NAME = re.compile(r"\boutlook[\s-]+express\b", re.IGNORECASE)


@rule(
    SYMBOL,
    weight=0.0,
    says=N_("It was sent with Outlook Express, which ended in 2009 and is only used for spam now."),
    refuses="CMR-HDR-OE-EOL: Outlook Express reached its end of life in 2009 and is not "
    "accepted; please use a current mail program",
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if a field that programs name themselves in names the program."""
    for name in ("X-Mailer", "User-Agent", "X-Newsreader"):
        for value in exam.mail.headers(name):
            if _NAME.search(value):
                yield Symbol(SYMBOL, value)
                return
