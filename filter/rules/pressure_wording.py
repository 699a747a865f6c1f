"""Text that asks for a payment and presses: at once, or without telling anybody.

A real reminder of an invoice reads like that too, so it weighs nothing of its own; it counts
where somebody pretends to be another (`CEO_FRAUD`).
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "PRESSURE_WORDING"

PAYMENT = family(
    "impersonation payment",
    """zahlung* | bezahl* | uberweis* | ueberweis* | uberwies* | rechnung* |
    geschenkkarte* | gutscheinkarte* |
    guthabenkarte* | betrag* | gutschein* kaufen | gutschein* besorgen""",
    """paiement* | payer | payez | paye | virement* | facture* | verser | versement* |
    carte* cadeau* | cartes cadeaux | coupon* pcs | reglement""",
    """pagament* | pagare | bonific* | fattur* | versament* | carte regalo | carta regalo |
    buoni regalo | saldare""",
    """payment* | pay | wire transfer* | bank transfer* | transfer of $ | make a transfer |
    process a transfer | invoice* | gift card* | giftcard* | itunes card* | google play card* |
    send money | payroll | funds""",
)
URGENCY = family(
    "impersonation urgency",
    """dringend* | eilt | eilig* | sofort* | umgehend* | unverzuglich* | unverzueglich* |
    heute noch | noch heute |
    so schnell wie moglich | schnellstmoglich* | letzte mahnung | bis heute abend |
    innert # stunden | innerhalb von # stunden""",
    """urgent* | immediatement | tout de suite | sans delai | aujourd hui meme |
    des que possible | au plus vite | le plus rapidement possible | dans les # heures""",
    """urgent* | urgenz* | subito | immediatament* | al piu presto | entro oggi |
    il prima possibile | entro # ore | senza indugio""",
    """urgent* | immediately | right away | asap | as soon as possible | before end of day |
    within the hour | today itself | within # hours | time sensitive | immediate attention |
    right now""",
)
SECRECY = family(
    "impersonation secrecy",
    """vertraulich* | streng geheim | geheim | diskret | diskretion | stillschweigen |
    niemandem etwas | niemandem davon | unter uns | bin in einer sitzung | bin in einem meeting |
    kann nicht telefonieren | nicht telefonisch | ruf* mich nicht an""",
    """confidentiel* | confidentialite | discretion | discret | ne parlez a personne |
    n en parlez a personne | entre nous | je suis en reunion | ne pas m appeler |
    ne m appelez pas""",
    """confidenzial* | riservat* | riservatezza | non ne parli con nessuno | tra noi |
    sono in riunione | non mi chiami | non chiamarmi | discrezione""",
    """confidential* | discreet* | discretion | between us | tell nobody | do not tell anyone |
    don t tell anyone | keep this to yourself | keep it to yourself | in a meeting |
    can t talk | cannot talk | can not take calls | can t take calls | do not call | don t call""",
)


@rule(
    SYMBOL,
    weight=0.0,
    says=N_("It presses you to pay quickly or to keep quiet: ask the person by telephone first."),
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the phrases, if it speaks of a payment and presses."""
    said = spoken(exam.mail)
    pressing = said.get(URGENCY, frozenset()) | said.get(SECRECY, frozenset())
    if PAYMENT in said and pressing:
        yield Symbol(SYMBOL, ", ".join([min(said[PAYMENT]), *sorted(pressing)[:3]]))
