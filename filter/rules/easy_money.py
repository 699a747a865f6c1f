"""Promises of money without work: extra income, working from home, becoming rich.

Advice on careers and taxes speaks of income too; the phrases here promise it.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "EASY_MONEY"
ENGLISH = """
    make money|earn money|extra income|extra cash|extra money|earn up to $ #|earn $ #
    make $ #|earn over $ #|work from home|work at home|working from home and earn
    home based business|from the comfort of your own home|financial freedom
    financially independent|financial independence|be your own boss|get rich|become rich
    unlimited income|income potential|residual income|cash flow potential|money making
    second income|income opportunity|business opportunity|home business
    no experience necessary|no experience required|# per week from home|fire your boss
    quit your job|make a fortune|in cash every week|potential income|earnings potential
    monthly income of $|serious income|instant cash|passive income|easy money|$ # a week
    $ # per week|$ # a day|be a millionaire|become a millionaire|six figure
    multi level marketing|network marketing|your first $ #|cash bonus
"""
GERMAN = """
    geld verdienen|von zu hause aus verdienen|von zuhause aus arbeiten|heimarbeit
    nebenverdienst|zusatzeinkommen|zusatzlichen verdienst|schnell reich|reich werden
    finanzielle freiheit|finanziell unabhangig|passives einkommen
    ohne vorkenntnisse verdienen|verdienen sie bis zu|leicht verdientes geld
    ihr eigener chef|# franken pro tag verdienen|# euro pro tag|# euro pro woche
    traumeinkommen|millionar werden
"""
FRENCH = """
    gagner de l'argent|gagnez de l'argent|travailler a domicile|travail a domicile
    revenu complementaire|revenus complementaires|revenu passif|devenir riche
    liberte financiere|independance financiere|argent facile|gagnez jusqu'a|gagnez # euros
    votre propre patron
"""
ITALIAN = """
    guadagnare soldi|guadagna soldi|guadagnare da casa|lavoro da casa|lavorare da casa
    reddito extra|reddito passivo|diventare ricco|diventa ricco|liberta finanziaria
    indipendenza finanziaria|guadagno facile|soldi facili|guadagna fino a|guadagni facili
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=1.7, says=N_("It promises easy money."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
