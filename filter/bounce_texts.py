"""What a delivery status notification says to people, in the language of the tenant and English."""

FAILED = {
    "de": "Ihre Nachricht konnte nicht zugestellt werden.\n\n"
    "Empfänger: {recipient}\nBetreff: {subject}\nGrund: {reply}\n\n"
    "Sie wird nicht noch einmal versucht. Ist die Adresse richtig geschrieben? Falls ja, hilft "
    "der Empfänger oder sein Betreuer mit dieser Meldung weiter.",
    "fr": "Votre message n'a pas pu être remis.\n\n"
    "Destinataire : {recipient}\nObjet : {subject}\nRaison : {reply}\n\n"
    "Il n'y aura pas d'autre tentative. L'adresse est-elle bien écrite ? Si oui, le "
    "destinataire ou son administrateur peut vous aider avec cet avis.",
    "it": "Il suo messaggio non è stato consegnato.\n\n"
    "Destinatario: {recipient}\nOggetto: {subject}\nMotivo: {reply}\n\n"
    "Non ci saranno altri tentativi. L'indirizzo è scritto bene? Se sì, il destinatario o il "
    "suo amministratore può aiutarla con questo avviso.",
    "en": "Your message could not be delivered.\n\n"
    "Recipient: {recipient}\nSubject: {subject}\nReason: {reply}\n\n"
    "It is not tried again. Is the address spelt correctly? If so, the recipient or their "
    "administrator can help with this notice.",
}
DELAYED = {
    "de": "Ihre Nachricht wartet noch: Der Mailserver des Empfängers nimmt sie noch nicht an.\n\n"
    "Empfänger: {recipient}\nBetreff: {subject}\nLetzte Antwort: {reply}\n\n"
    "Sie müssen nichts tun. Wir versuchen es weiter bis {until}.",
    "fr": "Votre message attend encore : le serveur du destinataire ne l'accepte pas encore."
    "\n\nDestinataire : {recipient}\nObjet : {subject}\nDernière réponse : {reply}\n\n"
    "Vous n'avez rien à faire. Nous continuons d'essayer jusqu'au {until}.",
    "it": "Il suo messaggio attende ancora: il server del destinatario per ora non lo accetta.\n\n"
    "Destinatario: {recipient}\nOggetto: {subject}\nUltima risposta: {reply}\n\n"
    "Non deve fare nulla. Continuiamo a provare fino al {until}.",
    "en": "Your message still waits: the recipient's mail server does not take it yet.\n\n"
    "Recipient: {recipient}\nSubject: {subject}\nLast reply: {reply}\n\n"
    "There is nothing you need to do. We go on trying until {until}.",
}
SUBJECTS = {
    True: {
        "de": "Nicht zugestellt: {subject}",
        "fr": "Non remis : {subject}",
        "it": "Non consegnato: {subject}",
        "en": "Not delivered: {subject}",
    },
    False: {
        "de": "Noch nicht zugestellt: {subject}",
        "fr": "Pas encore remis : {subject}",
        "it": "Non ancora consegnato: {subject}",
        "en": "Not delivered yet: {subject}",
    },
}
SILENT = {
    "de": "Der Mailserver antwortet nicht.",
    "fr": "Le serveur ne répond pas.",
    "it": "Il server non risponde.",
    "en": "The mail server does not answer.",
}
