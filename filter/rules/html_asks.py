"""HTML that asks for input or runs something: forms, scripts, frames, events.

Mail programs do not run them, so nobody honest puts them into mail.
"""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.shape import page
from mailstore.envelopes import Symbol
from mailstore.wording import N_

HTML_FORM = "HTML_FORM"
HTML_SCRIPT = "HTML_SCRIPT"
HTML_FRAME = "HTML_FRAME"
_EVENT = re.compile(r"\bon(?:load|click|mouseover|unload|error)\s*=")


@rule(HTML_FORM, weight=1.0, says=N_("It contains a form to fill in."), suspects=True)
def find_html_form(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if there is a form."""
    tags = page(exam.mail).tags
    if tags["form"] or tags["input"]:
        yield Symbol(HTML_FORM)


@rule(HTML_SCRIPT, weight=1.0, says=N_("It contains a program that would run when you open it."))
def find_html_script(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for a script, or a tag that runs one."""
    seen = page(exam.mail)
    if seen.tags["script"] or any(_EVENT.search(each[:500]) for _, each in seen.attributes):
        yield Symbol(HTML_SCRIPT)


@rule(HTML_FRAME, weight=0.4, says=N_("It loads a whole web page into itself."))
def find_html_frame(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for frames, objects and pages that send on to others."""
    tags = page(exam.mail).tags
    if any(tags[name] for name in ("iframe", "frame", "frameset", "object", "embed", "applet")):
        yield Symbol(HTML_FRAME)
