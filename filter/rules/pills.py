"""Medicine without a doctor: prescription drugs, pills for potency, online pharmacies."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "PILLS"
ENGLISH = """
    viagra|cialis|levitra|phentermine|xenical|propecia|vicodin|ambien|tramadol
    online pharmacy|internet pharmacy|canadian pharmacy|no prescription
    without prescription|without a prescription|prescription required|prescription drugs
    prescription medication|prescription medications|fda approved|human growth hormone
    growth hormone|hgh|anti aging|reverse aging|aging process|erectile|erection*
    enlarge your|enlargement|libido|sexual desire|sexual performance|sex drive
    sexual stamina|stop snoring|hair loss|prozac|impoten*
"""
GERMAN = """
    viagra|rezeptfrei|ohne rezept|onlineapotheke|online apotheke|versandapotheke
    potenzmittel|potenzpillen|potenzpille|erektion*|penisverlangerung|haarausfall
    wachstumshormon|verjungung|anti aging|impoten*
"""
FRENCH = """
    sans ordonnance|pharmacie en ligne|erection*|agrandissement du penis|impuissance
    hormone de croissance|chute de cheveux|anti age|medicaments en ligne
"""
ITALIAN = """
    senza ricetta|farmacia online|farmacia in linea|erezione|allungamento del pene
    impotenza|ormone della crescita|caduta dei capelli|farmaci online
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=1.0, says=N_("It sells medicine without a doctor."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
