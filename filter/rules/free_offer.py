"""Things for nothing, in the words of advertising: absolutely free, free trial, free gift."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "FREE_OFFER"
ENGLISH = """
    absolutely free|completely free|totally free|free trial|free gift|free bonus
    free sample|free samples|free quote|free quotes|free consultation|free information
    free info|free membership|free access|free report|free offer|free vacation
    free preview|free gifts|free evaluation|free details|free of charge to you
    for free today|yours free|is free free|free leads|free tour|free cell phone
    free satellite|free installation|free shipping|free estimate|free pass|risk free
    no cost to you|at no cost|no cost or obligation|without obligation|no obligation
    no strings attached|no hidden fees|no investment|join for free|sign up free
    try it free|get it free|free website|free hosting|no purchase necessary
    no purchase required|no catch|no gimmicks|send you free|free money
"""
GERMAN = """
    vollig kostenlos|absolut kostenlos|absolut gratis|gratis testen|kostenlos testen
    gratis probe*|kostenlose probe*|gratisgeschenk|gratis geschenk|kostenloses geschenk
    geschenkt dazu|unverbindlich und kostenlos|kostenlos und unverbindlich
    ohne verpflichtung|ohne jedes risiko|ohne risiko|risikofrei|keine versteckten kosten
    jetzt gratis|jetzt kostenlos|# gratis|nichts zu verlieren|kein haken
"""
FRENCH = """
    entierement gratuit|totalement gratuit|absolument gratuit|# gratuit|essai gratuit
    cadeau gratuit|echantillon gratuit|echantillons gratuits|sans engagement
    sans obligation|sans risque|aucun risque|sans frais caches|gratuitement des maintenant
    rien a perdre|devis gratuit
"""
ITALIAN = """
    completamente gratis|assolutamente gratis|assolutamente gratuito|# gratis
    prova gratuita|regalo gratuito|omaggio per te|campione gratuito|campioni gratuiti
    senza impegno|senza obbligo|senza rischi|senza rischio|nessun rischio
    nessun costo nascosto|niente da perdere|preventivo gratuito
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=0.4, says=N_("It offers something free of charge to win you over."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
