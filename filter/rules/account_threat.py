"""Threats to a reader's account: it is limited, it must be confirmed, a parcel waits for a fee."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import family, spoken
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "ACCOUNT_THREAT"
ENGLISH = """
    verify your account|confirm your account|update your account|validate your account
    verify your identity|account has been limited|account has been suspended
    account will be suspended|account will be closed|account will be deactivated
    account suspended|unusual activity|unauthorized access|mailbox is full|mailbox quota
    storage limit exceeded|password expires|password will expire|keep your password
    update your billing|billing information|parcel is waiting|package is waiting
    customs fee|unpaid delivery|update your payment|avoid suspension|within # hours
"""
GERMAN = """
    konto bestatigen|bestatigen sie ihr konto|konto verifizieren|konto wurde gesperrt
    konto wird gesperrt|konto wurde eingeschrankt|konto gesperrt|ungewohnliche aktivitat*
    daten aktualisieren|postfach ist voll|speicherplatz uberschritten|passwort lauft ab
    passwort beibehalten|paket wartet|ihr paket konnte nicht|zollgebuhr*
    innerhalb von # stunden|zahlungsdaten aktualisieren
"""
FRENCH = """
    verifiez votre compte|confirmez votre compte|compte a ete suspendu
    compte sera suspendu|compte a ete limite|compte sera desactive|compte bloque
    activite inhabituelle|boite est pleine|quota depasse|mot de passe expire
    conserver votre mot de passe|colis est en attente|colis en attente|frais de douane
    sous # heures|dans les # heures
"""
ITALIAN = """
    verifica il tuo account|conferma il tuo account|account e stato sospeso
    account sara sospeso|account e stato limitato|conto e stato bloccato|conto bloccato
    attivita insolita|casella e piena|password scadra|mantenere la password
    pacco in attesa|pacco e in attesa|spese doganali|entro # ore|aggiorna i tuoi dati
"""
family(SYMBOL, ENGLISH, GERMAN, FRENCH, ITALIAN)


@rule(
    SYMBOL,
    weight=0.8,
    says=N_("It threatens to close an account unless you do something."),
    suspects=True,
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the first of its phrases, if there is any."""
    for phrase in sorted(spoken(exam.mail).get(SYMBOL, ()))[:1]:
        yield Symbol(SYMBOL, phrase)
