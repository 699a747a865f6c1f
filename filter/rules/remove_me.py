"""How to be taken off a list nobody joined: by reply, by a word in the Subject, by telephone.

Newsletters have a link for it; these are the ways of those who have no such list.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "REMOVE_ME"
ENGLISH = """
    to be removed|be removed from|to be taken off|removed from our|removed from future
    removed from any|removed from all|remove in the subject|remove as the subject
    remove in subject|remove on the subject|word remove|type remove|subject remove
    put remove|to remove your|to remove yourself|remove your email|remove your address
    remove your name|remove you from|to be excluded|to be deleted|want to be removed
    wish to be removed|like to be removed|removal instructions|for removal
    removal request*|remove list|to opt out|no longer wish to receive
    do not wish to receive|don't wish to receive|not wish to receive|prefer not to receive
    rather not receive|stop receiving|future mailings|further mailings|any future mail*
    future e mail*|future emails|further emails|further e mail*|taken off our|off our list
    off this list|out of our mailing
"""
GERMAN = """
    aus dem verteiler loschen|aus dem verteiler entfernt|aus unserem verteiler
    aus unserer liste|von unserer liste|von der liste gestrichen|keine weiteren mails
    keine weiteren e mails|keine weiteren emails|keine mails mehr|keine e mails mehr
    nicht mehr erhalten mochten|nicht mehr erhalten wollen|mit dem betreff abmelden
    betreff loschen|betreff entfernen|zum austragen|um sich auszutragen|adresse austragen
    adresse zu entfernen
"""
FRENCH = """
    retire de notre liste|retire de la liste|retirer de notre liste|etre retire
    desinscrire de notre|ne plus recevoir|ne souhaitez plus recevoir
    ne desirez plus recevoir|vous desinscrire|avec le mot stop|avec stop en objet
    objet desinscription
"""
ITALIAN = """
    rimosso dalla nostra lista|rimosso dalla lista|essere rimosso|essere cancellato dalla
    rimuovere dalla nostra|cancellarsi dalla|non ricevere piu|non desidera piu ricevere
    non vuoi piu ricevere|non desideri piu ricevere|con oggetto cancella|oggetto rimuovi
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=1.0, says=N_("It explains at length how to be taken off a list."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
