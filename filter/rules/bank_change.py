"""Text that asks to pay to another bank account from now on, or to send a salary to one.

Firms do change their bank, so it weighs nothing of its own; it counts where somebody pretends to
be another (`CEO_FRAUD`).
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "BANK_CHANGE"

CHANGE = family(
    "impersonation bank change",
    """neue* bankverbindung* | neue* kontoverbindung* | neue* bankdaten | neue* bankkonto* |
    neue* iban | neue* kontonummer* | geanderte* bankverbindung* | geanderte* kontoverbindung* |
    geanderte* bankdaten | geanderte* iban | andere* bankkonto | anderes konto | neues konto |
    neue lohnkonto | neues lohnkonto | bankverbindung hat sich | bankverbindung wurde |
    bankverbindung geandert | bankverbindung andern | bankverbindung geaendert |
    bankverbindung aendern | bankverbindung anzupassen | bankverbindung anpassen |
    kontoverbindung hat sich |
    kontoverbindung geandert | kontoverbindung andern | bankdaten haben sich | bankdaten geandert |
    bankdaten andern | bank gewechselt | iban hat sich | iban geandert | lohnkonto andern |
    anderung* der bankverbindung | anderung* unserer bankverbindung | wechsel der bankverbindung |
    anderung der kontoverbindung | anderung der bankdaten | bankverbindung zu andern""",
    """nouvelles coordonnees bancaires | nouveau compte bancaire | nouvel iban | nouveau rib |
    nouveau compte | coordonnees bancaires ont change | coordonnees bancaires ont ete |
    changement de coordonnees bancaires | changement de nos coordonnees bancaires |
    changement de compte | changement de rib | changement de banque | modifier mes coordonnees |
    modification de nos coordonnees bancaires | modification des coordonnees bancaires |
    change de banque | changer mon compte | changer mes coordonnees bancaires""",
    """nuove coordinate bancarie | nuovo conto | nuovo iban | coordinate bancarie sono cambiate |
    coordinate bancarie sono state | cambio di iban | cambio di coordinate bancarie |
    cambiato banca | cambio banca | variazione delle coordinate bancarie | variazione iban |
    modifica delle coordinate bancarie | cambiare il mio conto | cambiare l iban |
    abbiamo cambiato conto""",
    """new bank details | new banking details | new bank account | new account details |
    new payment details | new iban | changed our bank | changed bank* | changed our account |
    bank details have changed | banking details have changed | bank account has changed |
    account details have changed | updated bank details | updated banking details |
    updated bank account | updated account details | updated payment details |
    updated payment instructions | change of bank* | change in bank* | change my bank* |
    change our bank* | change my direct deposit | update my direct deposit | update my bank* |
    update our bank* | update my payroll | change my payroll | different bank account |
    different account""",
)


@rule(
    SYMBOL,
    weight=0.0,
    says=N_(
        "It asks you to pay to another bank account:"
        " call the person on a number you know before you do."
    ),
    suspects=True,
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the phrases that ask for it."""
    if phrases := spoken(exam.mail).get(CHANGE):
        yield Symbol(SYMBOL, ", ".join(sorted(phrases)[:3]))
