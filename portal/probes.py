"""Test messages: how an administrator sees that mail of a domain arrives."""

from mailstore.domains import Domain
from mailstore.envelopes import Recipient
from mailstore.outbox import Stored
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal import mails
from portal.mails import begun_for, fill, named, spoken, templates, translations


def put_in_pack(
    store: Store, tenant: Tenant, domain: Domain, to: Recipient, language: str | None
) -> Stored:
    """Store a test message to an administrator; it is queued once `outbox.queue` has committed."""
    spoken_in = spoken(language, tenant.language)
    catalogue, settings = translations(spoken_in), store.settings
    subject = catalogue.gettext("Test message for %(domain)s") % {"domain": domain.name}
    mail = begun_for(tenant, settings, subject, named("", str(to.address)), "test")
    shown = {"language": spoken_in, "subject": subject, "domain": domain.name,
             "tenant": tenant.name}  # fmt: skip
    fill(mail, templates(catalogue), "test/test", shown)
    return mails.put_in_pack(store, tenant, to, mail)
