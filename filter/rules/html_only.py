"""HTML without a text beside it, as programs for mass mail write it.

Newsletters and shops do it too, so it weighs little; HTML that does not even begin as HTML does
weighs more.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.shape import page
from mailstore.envelopes import Symbol
from mailstore.wording import N_

HTML_ONLY = "HTML_ONLY"
HTML_WHOLE_MAIL = "HTML_WHOLE_MAIL"
HTML_BROKEN = "HTML_BROKEN"


@rule(HTML_ONLY, weight=0.1, says=N_("It has no plain text beside its formatted one."))
def find_html_only(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the first text is HTML and there is no other."""
    if exam.mail.html and not exam.mail.text:
        yield Symbol(HTML_ONLY)


@rule(HTML_WHOLE_MAIL, weight=0.1, says=N_("It is a web page instead of a mail."))
def find_html_whole_mail(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the mail itself is HTML, in no container."""
    if exam.mail.message.get_content_type() == "text/html":
        yield Symbol(HTML_WHOLE_MAIL)


@rule(HTML_BROKEN, weight=0.1, says=N_("Its formatting is broken."))
def find_html_broken(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if HTML has no html or body tag, or does not end what it began."""
    tags = page(exam.mail).tags
    whole = tags["html"] and tags["/html"] == tags["html"] and tags["body"] == tags["/body"]
    if tags and not whole:
        yield Symbol(HTML_BROKEN)
