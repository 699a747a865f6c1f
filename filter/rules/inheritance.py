"""Letters of a stranger with millions to move: heirs, ministers, next of kin, shares of a sum."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "INHERITANCE"
ENOUGH = 3
ENGLISH = """
    next of kin|late husband|late father|my late|deceased|inheritance|beneficiary
    million united states dollars|million us dollars|million dollars|million u.s. dollars
    # million|us dollars|u.s. dollars|strictly confidential|utmost confidence
    utmost secrecy|strictest confidence|business proposal|business transaction
    mutual benefit|foreign partner|foreign account|bank account number|your bank account
    transfer the fund*|transfer of funds|transfer this money|transfer the money
    the said fund|the fund*|security company|consignment|attorney|barrister
    your assistance|urgent assistance|solicit your|seek your|crave your|contract payment
    over invoiced|military government|head of state|reserve bank|foreign affairs|trust you
    god bless|dear friend|dear sir|# of the total|percent of the total|will be for you
    remit*|diplomat*|yours faithfully|private telephone|confidential|honest and reliable
    for your kind
"""
GERMAN = """
    nachster angehoriger|nachsten angehorigen|verstorbener mann|verstorbenen mann
    verstorbenen vater|mein verstorbener|erbschaft von|nachlass von|begunstigter
    millionen dollar|millionen us dollar|millionen euro|streng vertraulich
    hochst vertraulich|geschaftsvorschlag|auslandischer partner|gelder transferieren
    geld transferieren|uberweisung der gelder|ihre bankverbindung|sicherheitsfirma
    ihre hilfe bei der uberweisung|gott segne|prozent der summe
"""
FRENCH = """
    defunt mari|mon defunt|defunt pere|proche parent|heritage de|beneficiaire des fonds
    millions de dollars|millions d'euros|strictement confidentiel|proposition d'affaire*
    partenaire etranger|transferer les fonds|transfert des fonds|transferer cette somme
    vos coordonnees bancaires|societe de securite|que dieu vous|donation de
    pour cent de la somme
"""
ITALIAN = """
    defunto marito|mio defunto|parente prossimo|eredita di|beneficiario dei fondi
    milioni di dollari|milioni di euro|strettamente confidenziale|strettamente riservato
    proposta d'affari|partner straniero|trasferire i fondi|trasferimento dei fondi
    trasferire questa somma|coordinate bancarie|che dio ti|che dio la
    per cento della somma
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=2.4, says=N_("It tells of a fortune that a stranger wants to share."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if enough of its phrases come together."""
    phrases = sorted(spoken(exam.mail).get(SYMBOL, ()))
    if len(phrases) >= ENOUGH:
        yield Symbol(SYMBOL, ", ".join(phrases[:ENOUGH]))
