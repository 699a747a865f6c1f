"""Text that nobody sees: in the colour of the page, of no size, or words cut by comments.

It feeds filters with harmless words and hides telling ones.
"""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.shape import has, page
from mailstore.envelopes import Symbol
from mailstore.wording import N_

HTML_HIDDEN_TEXT = "HTML_HIDDEN_TEXT"
HTML_WORDS_CUT = "HTML_WORDS_CUT"
OFTEN = 3
LONGEST_HTML = 60_000
_NOTHING = re.compile(r"font-size\s*:\s*[01]\s*(?:px|pt)?\s*[;\"']|visibility\s*:\s*hidden")
_WHITE = re.compile(r"(?<![\w-])color\s*[=:]\s*[\"']?\s*(?:#?fff(?:fff)?\b|white)")
_DARK = re.compile(r"(?:bgcolor|background(?:-color)?)\s*[=:]")
_CUT = re.compile(r"[A-Za-z]<!--[^>]{0,60}>[A-Za-z]|[A-Za-z]<[/!]?[b-z]?[a-z]{6,20}>[A-Za-z]")


@rule(HTML_HIDDEN_TEXT, weight=0.6, says=N_("It hides text that you are not meant to see."))
def find_html_hidden_text(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if text has no size, or is white in a mail without dark places."""
    # Every newsletter begins with a line for lists of mail that its page hides.
    if has(exam.mail, "list-unsubscribe"):
        return
    styles = list(page(exam.mail).of("font", "span", "p", "div"))
    anywhere_dark = any(_DARK.search(each[:500]) for _, each in page(exam.mail).attributes)
    for each in styles:
        if _NOTHING.search(each[:500]) or (not anywhere_dark and _WHITE.search(each[:500])):
            yield Symbol(HTML_HIDDEN_TEXT)
            return


@rule(HTML_WORDS_CUT, weight=0.9, says=N_("It cuts words apart so that filters do not see them."))
def find_html_words_cut(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if comments or invented tags stand within words again and again."""
    if len(_CUT.findall(exam.mail.html[:LONGEST_HTML])) >= OFTEN:
        yield Symbol(HTML_WORDS_CUT)
