"""Tools for spam itself: millions of addresses, bulk mailers, targeted leads, copying programs."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "BULK_TOOLS"
ENGLISH = """
    million email*|million e mail*|# email addresses|# e mail addresses|millions of email*
    millions of people|email addresses on|fresh email*|targeted email*|targeted e mail*
    bulk email*|bulk e mail*|bulk friendly|mass mail*|email marketing|e mail marketing
    email advertising|e mail advertising|email list*|mailing list for sale|email extractor
    opt in lists|more leads|qualified leads|web traffic to|traffic to your
    increase traffic|search engine placement|search engine ranking*|submit your site
    online marketing|increase sales|increase your sales|more customers|copy dvd*|burn dvd*
    copy any dvd|cable descrambler|descrambler|detective software|spy on|find out anything
    web hosting from|your own website|ink cartridge*|printer cartridge*
    university diploma*|non accredited|masters or doctorate|cheap software|oem software
"""
GERMAN = """
    mailadressen kaufen|e mail adressen kaufen|millionen adressen|millionen e mail
    millionen mailadressen|massenmail*|massen e mail*|adressen zu verkaufen
    besucher fur ihre website|besucher auf ihre website|suchmaschinenoptimierung
    platz # bei google|seite # bei google|top platzierung|mehr kunden|neukunden gewinnen
    umsatz steigern|doktortitel kaufen|titel kaufen|tintenpatronen|druckerpatronen
"""
FRENCH = """
    adresses e mail a vendre|millions d'adresses|fichiers d'adresses
    base de donnees d'e mails|publipostage|emailing de masse|referencement de votre
    premiere page de google|plus de clients|augmenter votre chiffre|augmentez vos ventes
    cartouches d'encre|acheter un diplome
"""
ITALIAN = """
    indirizzi e mail in vendita|milioni di indirizzi|milioni di email|database di email
    invio massivo|posizionamento sui motori|prima pagina di google|piu clienti
    aumentare le vendite|aumenta le vendite|cartucce d'inchiostro|cartucce per stampanti
    laurea senza esami
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=0.3, says=N_("It sells addresses or tools for mass mail."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
