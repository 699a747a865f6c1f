"""Strangers who greet as friends: dear friend, fellow entrepreneur, attention homeowners."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "SALES_GREETING"
ENGLISH = """
    dear friend|dear friends|dear sir madam|dear sir or madam|dear sir|dear homeowner*
    dear home owner*|dear consumer|dear customer|dear investor|dear business
    dear entrepreneur|dear valued|dear beloved|dear one|dear winner|dear beneficiary
    dear website owner|dear webmaster|dear account|fellow entrepreneur*|fellow networker*
    attention all|attention homeowner*|attention smokers|hello friend|hi friend
    greetings friend|hello dear|valued customer|friend of a friend|are you tired of
    you deserve|you too can|you qualify|do you owe|are you ready
"""
GERMAN = """
    lieber freund|liebe freunde des|sehr geehrter kunde|sehr geehrter nutzer
    sehr geehrter benutzer|sehr geehrter gewinner|sehr geehrter begunstigter
    sehr geehrter hausbesitzer|lieber internetnutzer|geschatzter kunde|sind sie es leid
    haben sie genug von|wollen sie auch|sie haben es verdient|auch sie konnen|traumen sie
"""
FRENCH = """
    cher ami|chere amie|cher client|cher utilisateur|cher beneficiaire|cher gagnant
    cher abonne|cher internaute|bien aime|vous en avez assez|aimeriez vous|vous meritez
    vous aussi|revez vous
"""
ITALIAN = """
    caro amico|cara amica|gentile cliente|gentile utente|caro utente|caro beneficiario
    caro vincitore|carissimo in|sei stanco di|ti meriti|te lo meriti|anche tu puoi
    sogni di
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=1.4, says=N_("It greets you as people do who do not know you."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
