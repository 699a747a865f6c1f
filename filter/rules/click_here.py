"""Orders to click: click here, click below, visit now.

Newsletters say it too, so it weighs little.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "CLICK_HERE"
ENGLISH = """
    click here|click below|click on the link|click the link|click this link|click now
    click to|just click|simply click|clicking here|click and|please click
    visit our web site|visit our website|visit us at|visit the website|go here
    go to this site|check it out now|copy and paste
"""
GERMAN = """
    klicken sie hier|hier klicken|klicke hier|klicken sie auf|klicken sie jetzt
    jetzt klicken|einfach klicken|besuchen sie unsere website|besuchen sie uns auf
"""
FRENCH = """
    cliquez ici|cliquer ici|cliquez sur|cliquez maintenant|cliquez simplement
    visitez notre site|rendez vous sur notre site
"""
ITALIAN = """
    clicca qui|cliccare qui|clicchi qui|clicca sul|cliccando qui|clicca ora|clicca adesso
    visita il nostro sito|visiti il nostro sito
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=1.0, says=N_("It tells you to click somewhere."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
