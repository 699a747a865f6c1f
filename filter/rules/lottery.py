"""You have won: lotteries, prizes, sweepstakes, casinos."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "LOTTERY"
ENGLISH = """
    you have won|you've won|you have been selected|you have been chosen|you are a winner
    you are the winner|winning number*|lottery|sweepstake*|jackpot|prize money|cash prize*
    grand prize|claim your prize|to win $|win $ #|enter to win|chance to win|gambling
    sportsbook|sports betting|slot machine*|blackjack|congratulations you|free chips
    instant winner|award notification
"""
GERMAN = """
    sie haben gewonnen|haben gewonnen|sie wurden ausgewahlt|wurden ausgewahlt
    sie sind der gewinner|gewinnbenachrichtigung|gewinnmitteilung|gewinnnummer|hauptgewinn
    jackpot|lotterie*|gewinnspiel|gewinn abholen|ihr gewinn|glucksspiel|sportwetten
    freispiele|preisgeld
"""
FRENCH = """
    vous avez gagne|vous avez ete selectionne|vous etes l'heureux|heureux gagnant|gros lot
    loterie|jackpot|avis de gain|numero gagnant|reclamer votre prix|reclamez votre
    jeux d'argent|paris sportifs|tours gratuits
"""
ITALIAN = """
    hai vinto|ha vinto|avete vinto|sei stato selezionato|e stato selezionato
    fortunato vincitore|lotteria|jackpot|montepremi|numero vincente|ritirare il premio
    ritira il tuo premio|gioco d'azzardo|scommesse sportive|giri gratis
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=0.9, says=N_("It speaks of a prize or of gambling."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
