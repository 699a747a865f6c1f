"""Bulk mail that people subscribed to, or once gave their address for.

One sign is not enough: shops put List-Unsubscribe (RFC 2369, RFC 8058) into order confirmations
too. A discussion list (List-Post, or Precedence: list) and an answer are conversations, and an
invoice, an order or a password is about the reader alone: these are no newsletters.
"""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.links import web_links
from filter.views.shape import field, fields, has
from filter.views.wording import family, spoken, spoken_in_subject
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

SYMBOL = "NEWSLETTER"
ENOUGH = 2
FEWEST_LINKS = 3
SIGNS = (
    *("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID"),
    *("CFBL-Address", "X-CSA-Complaints"),
)
# What platforms that send for others put into every mail.
_PLATFORM_FIELD = re.compile(
    r"x-(?:campaign|mailing(?!-list)|newsletter|bulk|broadcast|mass|subscriber|list-?member|"
    r"report-abuse|abuse-info|unsubscribe|sg-eid|mc-user|mailgun-tag|ses-|job$|virtual-?mta)"
)
_PLATFORM_MAILER = re.compile(
    r"(?i)mailchimp|sendgrid|mailjet|cleverreach|inxmail|rapidmail|sendinblue|brevo|getresponse|"
    r"campaign|newsletter|phplist|acymailing|mailpoet|mailxpert|emarsys|klaviyo|hubspot|"
    r"constant contact|exacttarget|sarbacane|episerver|optivo|listserv"
)
UNSUBSCRIBE = family(
    "newsletter unsubscribe",
    """
    newsletter abbestellen|newsletter abmelden|newsletter abzubestellen|vom newsletter abmelden
    hier abmelden|abmelden klicken|keine newsletter mehr|abmeldelink|aus dem verteiler austragen
    im browser ansehen|im browser anzeigen|online ansehen|onlineversion|webversion
    """,
    """
    unsubscribe|unsubscribe here|opt out here|manage your subscription|manage your preferences
    manage preferences|email preferences|update your preferences|view in browser|view online
    view in your browser|view this email in your browser|no longer wish to receive
    """,
    """
    se desabonner|se desinscrire|vous desabonner|vous desinscrire|desabonnement|desinscription
    gerer vos preferences|gerer mes preferences|voir dans le navigateur|version en ligne
    """,
    """
    annulla l'iscrizione|annullare l'iscrizione|disiscriviti|disiscriversi
    cancellarsi dalla newsletter
    cancella l'iscrizione|gestisci le preferenze|visualizza nel browser|versione online
    """,
)
ABOUT_THE_READER = family(
    "newsletter transaction",
    """
    ihre bestellung|ihrer bestellung|bestellbestatigung|auftragsbestatigung|rechnung|ihre rechnung
    mahnung|zahlungserinnerung|quittung|zahlungsbestatigung|passwort|kennwort|sicherheitscode
    bestatigungscode|versandbestatigung|sendungsverfolgung|ihre sendung|ihr paket|lieferung ihrer
    buchungsbestatigung|ihre buchung|ihr ticket|ihre tickets|terminbestatigung|supportanfrage
    """,
    """
    your order|order confirmation|order number|invoice|your invoice|receipt|your receipt
    payment received
    payment confirmation|password|reset your password|security code|verification code
    shipping confirmation
    has shipped|your shipment|your parcel|your delivery|tracking number|booking confirmation
    your booking
    your ticket|your tickets|your reservation|support request|ticket #
    """,
    """
    votre commande|confirmation de commande|facture|votre facture|rappel de paiement
    recu de paiement
    confirmation de paiement|mot de passe|code de securite|code de verification|votre colis
    votre envoi
    a ete expedie|a ete expediee|suivi de|votre reservation|confirmation de reservation
    vos billets|votre billet
    """,
    """
    il tuo ordine|il suo ordine|conferma d'ordine|conferma dell'ordine|fattura|la tua fattura
    sollecito di pagamento
    ricevuta|conferma di pagamento|password|codice di sicurezza|codice di verifica
    la tua spedizione|il tuo pacco
    la sua spedizione|il suo pacco|e stato spedito|la tua prenotazione|conferma di prenotazione
    il tuo biglietto
    """,
)


@rule(
    SYMBOL,
    weight=0.0,
    says=N_("It is a newsletter."),
    marks=MailClass.NEWSLETTER,
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if at least two independent signs of bulk mail are there."""
    mail = exam.mail
    if field(mail, "precedence").lower() == "list" or has(mail, "list-post", "in-reply-to"):
        return
    if has(mail, "auto-submitted") or ABOUT_THE_READER in spoken_in_subject(mail):
        return
    signs = list(_signs(exam))
    if len(signs) >= ENOUGH:
        yield Symbol(SYMBOL, ", ".join(signs))


def _signs(exam: Exam) -> Iterator[str]:
    mail = exam.mail
    yield from (name for name in SIGNS if field(mail, name.lower()))
    if field(mail, "precedence").lower() == "bulk":
        yield "Precedence"
    if any(_PLATFORM_FIELD.match(name) for name in fields(mail)) or _PLATFORM_MAILER.search(
        field(mail, "x-mailer")
    ):
        yield "platform"
    if UNSUBSCRIBE in spoken(mail) and mail.html and len(web_links(mail)) >= FEWEST_LINKS:
        yield "unsubscribe link"
