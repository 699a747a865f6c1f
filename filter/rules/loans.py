"""Loans, mortgages, debt and credit cards offered to strangers."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "LOANS"
ENGLISH = """
    mortgage rate*|mortgage loan*|mortgage quote*|mortgage lender*|mortgage company
    mortgage companies|refinanc*|home loan*|home equity|equity loan|second mortgage
    lowest rate*|low rates|debt consolidation|consolidate your|out of debt|eliminate debt
    eliminate your debt|debt free|credit card debt|get out of debt|bad credit
    credit problem*|credit repair|perfect credit|loan approval|pre approved|preapproved
    loan for|merchant account|accept credit cards|insurance quote*|term life
    insurance rates|collect* judgments|judicial judgments|lenders compete
"""
GERMAN = """
    kredit ohne|sofortkredit|kredit sofort|gunstiger kredit|privatkredit|kleinkredit
    kredit trotz|ohne schufa|trotz betreibung|schuldenfrei|schulden los|schuldensanierung
    umschuldung|zinsgunstig*|darlehen ohne|darlehen an|hypothek ohne|kredite vergeben
    kreditangebot|kredit von # bis|darlehen von # bis
"""
FRENCH = """
    pret entre particuliers|pret rapide|offre de pret|credit rapide|credit sans
    rachat de credit*|regroupement de credit*|taux d'interet de #|pret de # a
    surendettement|sans dettes|interdit bancaire|pret personnel
"""
ITALIAN = """
    prestito veloce|prestito rapido|prestiti veloci|prestito senza|prestito personale
    offerta di prestito|prestito tra privati|cessione del quinto|senza busta paga
    consolidamento debiti|senza debiti|prestiti da #|tasso d'interesse del #
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=1.0, says=N_("It offers loans or promises to settle debts."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
