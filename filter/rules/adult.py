"""Pornography and paid contacts: families of phrases in four languages, none of them medical."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "ADULT"
ENGLISH = """
    porn|porno|horny|live sex|hot sex|sexiest|teen girls|hot girls|hot teens|lolita*
    blowjob*|cumshot*|pussy|pussies|sluts|slut|whore*|webcam girls|live girls|adult site*
    adult entertainment|adults only|must be # or older|must be at least # years
    must be at least # or older|erotic*|singles in your area|hot singles|lonely wives
    lonely housewives|cheating wives|barely legal|uncensored|incest|orgasm*
"""
GERMAN = """
    porno|pornos|nackt*|sexkontakte|sex kontakte|geile|geil|heisse girls|heisse frauen
    heisse frauen aus|einsame frauen|einsame hausfrauen|seitensprung|erotik*|erotisch*
    ab # jahren|live cam|camgirls|orgasmus|fick*|muschi*|titten
"""
FRENCH = """
    porno|femmes nues|filles chaudes|filles nues|femmes chaudes|femmes seules
    rencontres coquines|plan cul|erotique*|reserve aux adultes|orgasme|salope*
"""
ITALIAN = """
    porno|ragazze nude|donne nude|ragazze calde|donne sole|incontri erotici|incontri hot
    erotic*|vietato ai minori|orgasmo|troie
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=1.1, says=N_("It offers pornography or paid contacts."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
