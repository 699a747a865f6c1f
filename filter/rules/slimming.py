"""Becoming thin, young or beautiful without effort."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "SLIMMING"
ENGLISH = """
    lose weight|weight loss|losing weight|lose # pounds|lose up to #|lose # lbs|burn fat
    burns fat|fat burn*|body fat|fat loss|without dieting|no dieting|diet pill|diet pills
    diet product|melt away|look younger|look # years younger|cellulite|increase energy
    increased energy|energy level*|build muscle|muscle mass|bigger breasts
    breast enlargement
"""
GERMAN = """
    abnehmen ohne|schlank werden|schlank ohne|gewicht verlieren|# kilo abnehmen
    # kilo verlieren|kilo abnehmen|fettverbrennung|fettverbrenner|fett verbrennen
    diatpille*|diatpillen|traumfigur|bauchfett|junger aussehen|faltenfrei|cellulite
    stoffwechsel ankurbeln|brustvergrosserung
"""
FRENCH = """
    perdre du poids|perdez du poids|perdez # kilos|perte de poids|bruler les graisses
    brule graisse*|maigrir|mincir|minceur|ventre plat|paraitre plus jeune|cellulite
    rides et ridules|sans regime
"""
ITALIAN = """
    perdere peso|perdi peso|perdi # chili|perdita di peso|brucia grassi|bruciare i grassi
    dimagrire|dimagrante|pancia piatta|sembrare piu giovane|cellulite|senza dieta
    anti rughe
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=1.2, says=N_("It promises that you will lose weight with ease."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
