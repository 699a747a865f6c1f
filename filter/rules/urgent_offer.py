"""Hurry: act now, limited time, last chance, call today.

Colleagues are in a hurry too, but not in the words of advertising.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "URGENT_OFFER"
ENGLISH = """
    act now|act today|act fast|act immediately|order now|order today|call now|call today
    call us now|call right now|call toll free|buy now|apply now|join now|sign up now
    sign up today|limited time|time is limited|for a limited time|limited time offer
    offer expires|offer ends|offer is limited|last chance|do not delay|don't delay
    do not miss|while supplies last|while quantities last|supplies are limited
    limited supply|limited quantities|before it's too late|before it is too late
    once in a lifetime|lifetime opportunity|what are you waiting for|respond now|reply now
    start today|start now|start earning|get started today|get started now|get it now
    claim your|claim now|don't let this|exclusive offer|special offer|special promotion
    urgent reply|instant access|visit our website today|take advantage of this
    order by phone|to order call|place your order
"""
GERMAN = """
    jetzt handeln|handeln sie jetzt|handeln sie sofort|jetzt bestellen|bestellen sie jetzt
    bestellen sie noch heute|nur noch heute|nur heute|nur fur kurze zeit|solange vorrat
    solange der vorrat reicht|letzte chance|letzte gelegenheit|begrenzte zeit
    zeitlich begrenzt|angebot endet|angebot lauft ab|verpassen sie nicht|nicht verpassen
    jetzt zugreifen|greifen sie zu|schlagen sie zu|worauf warten sie|jetzt sichern
    sichern sie sich|jetzt anmelden und sparen|rufen sie jetzt an|einmalige chance
    einmalige gelegenheit|beeilen sie sich|zogern sie nicht|exklusives angebot
    sonderangebot
"""
FRENCH = """
    agissez maintenant|agissez vite|commandez maintenant|commandez des aujourd'hui
    derniere chance|offre limitee|duree limitee|temps limite|stock limite|stocks limites
    ne tardez pas|ne manquez pas|n'attendez plus|depechez vous|profitez en|profitez vite
    appelez maintenant|offre exclusive|offre speciale|occasion unique
    inscrivez vous maintenant|dans la limite des stocks
"""
ITALIAN = """
    agisci ora|agisci subito|ordina ora|ordina subito|acquista ora|compra ora
    ultima occasione|ultima possibilita|offerta limitata|tempo limitato|offerta scade
    scorte limitate|fino ad esaurimento|non perdere|non aspettare|affrettati
    approfitta subito|approfittane|chiama ora|chiama subito|offerta esclusiva
    offerta speciale|occasione unica|iscriviti ora
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=0.2, says=N_("It wants you to act in a hurry."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
