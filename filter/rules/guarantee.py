"""Guarantees as advertising gives them: money back, satisfaction, proven, amazing results."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "TOO_GOOD_GUARANTEE"
ENGLISH = """
    money back guarantee|day money back|satisfaction guaranteed|satisfaction guarantee
    # guaranteed|# guarantee|guaranteed results|results guaranteed|full refund
    risk free guarantee|unconditional guarantee|guaranteed approval|guaranteed acceptance
    lowest prices|lowest rates|best prices|unbeatable|amazing results|amazing product
    amazing offer|incredible offer|you won't believe|scientifically proven
    clinically proven|proven method|proven system|as seen on|as featured on|as seen on tv
    this really works|it really works|quick and easy|fast and easy|too good to be true
    opportunity of a lifetime|life changing|change your life|legal and ethical
    completely legal|no questions asked|save up to #|save # off|up to # off|save over #
"""
GERMAN = """
    geld zuruck garantie|zufriedenheitsgarantie|# garantie|garantiert erfolg
    garantierter erfolg|erfolg garantiert|garantierte gewinne|tiefstpreis*|unschlagbar*
    unglaubliche angebote|unglaubliches angebot|wundermittel|wissenschaftlich bewiesen
    klinisch getestet|bekannt aus dem fernsehen|zu schon um wahr|kinderleicht
    verandert ihr leben|bis zu # rabatt|sparen sie bis zu|# rabatt
"""
FRENCH = """
    satisfait ou rembourse|satisfaction garantie|# garanti|resultats garantis
    meilleur prix garanti|prix imbattable*|incroyable offre|offre incroyable
    produit miracle|revolutionnaire|cliniquement prouve|scientifiquement prouve
    vu a la tele|trop beau pour etre vrai|changez votre vie|jusqu'a # de reduction
    economisez jusqu'a
"""
ITALIAN = """
    soddisfatti o rimborsati|soddisfazione garantita|# garantito|risultati garantiti
    miglior prezzo|prezzi imbattibili|offerta incredibile|prodotto miracoloso
    rivoluzionari*|clinicamente testato|scientificamente provato|visto in tv
    troppo bello per essere vero|# legale|cambia la tua vita|fino al # di sconto
    risparmia fino
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=0.3, says=N_("It guarantees more than anybody can keep."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
