"""Mail that says that it is no spam, is legal, or was asked for: only spam needs to say so."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "NOT_SPAM"
ENGLISH = """
    this is not spam|not unsolicited|not considered spam|cannot be considered spam
    can not be considered spam|no spam mail|we do not spam|anti spam law*|anti spam policy
    this is a one time|one time mailing|one time e mail|one time email|one time only mail*
    in compliance with|in accordance with the|bill s #|s # title|federal regulation*
    congress shall|receiving this email because|receiving this message because
    receiving this e mail because|received this email because
    received this message because|received this e mail because|received this in error
    received this email in error|this message in error please|you opted in|opted in to
    opt in list|opt in email|opted to receive|one of our partners|one of our affiliates
    partner sites|our affiliates|affiliate sites|thank you for your interest|you indicated
    agreed to receive|registered to receive|mailing is done|permission based
    sorry for the intrusion|respect your privacy|sent in compliance|sent to you because
"""
GERMAN = """
    kein spam|keine spam|nicht als spam|erhalten diese mail weil
    erhalten diese e mail weil|erhalten diese nachricht weil|sie erhalten diese email
    einmalige aussendung|einmaliges mailing|gemass dem gesetz|im einklang mit dem gesetz
    haben sie zugestimmt|sie haben sich angemeldet|einer unserer partner
    eines unserer partner|unserer partnerseiten|entschuldigen sie die storung
    falls sie diese mail irrtumlich
"""
FRENCH = """
    n'est pas un spam|n'est pas du spam|n'est pas considere comme
    vous recevez ce message car|vous recevez cet e mail car|vous recevez cet email car
    vous recevez ce mail car|conformement a la loi|un de nos partenaires
    l'un de nos partenaires|nos sites partenaires|vous avez accepte de recevoir
    vous etes inscrit|envoi unique|desoles pour le derangement
"""
ITALIAN = """
    non e spam|non e uno spam|non puo essere considerato spam
    non puo essere considerata spam|ricevi questa mail perche|ricevi questa email perche
    riceve questa mail perche|ai sensi della legge|ai sensi del d|uno dei nostri partner
    siti partner|hai accettato di ricevere|ti sei iscritto|invio unico
    ci scusiamo per il disturbo
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(SYMBOL, weight=0.4, says=N_("It claims that it is not spam."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
