"""Shares, coins and investments recommended to strangers."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "STOCK_TIPS"
ENGLISH = """
    hot stock|stock pick*|stock alert|stock tip*|penny stock*|stock report|investor alert
    investment alert|investment opportunit*|strong buy|price target|target price
    undervalued|otcbb|forward looking statement*|safe harbor|market cap|investment of $
    tax haven*|currency trading|options trading|forex|crypto investment*|day trading
    accredited investor*|double your|triple your|profit*potential|high yield
    asset protection|return on investment|risk capital|huge profits|big profits
"""
GERMAN = """
    borsentipp*|geheimtipp der borse|aktientipp*|aktie des jahres|kursziel|kursrakete
    kursgewinn*|unterbewertete aktie|geldanlage mit|rendite von #|# rendite
    verdoppeln sie ihr|investieren sie jetzt|krypto investment|devisenhandel|hohe gewinne
    hohe renditen|steueroase
"""
FRENCH = """
    conseil boursier|action a fort potentiel|forte hausse|objectif de cours|rendement de #
    # de rendement|doublez votre|investissez maintenant|trading en ligne|placement garanti
    profits eleves|gros profits|paradis fiscal
"""
ITALIAN = """
    titolo da comprare|azione sottovalutata|prezzo obiettivo|rendimento del #
    # di rendimento|raddoppia il tuo|investi ora|investi subito|trading online
    alti profitti|alti rendimenti|paradiso fiscale
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=0.8, says=N_("It urges you to invest money."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
