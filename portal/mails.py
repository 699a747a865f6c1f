"""What all mails of ours share: their templates, their language, and how they become bytes."""

from binascii import b2a_qp
from collections.abc import Mapping
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, make_msgid
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import jinja2
from babel.support import NullTranslations, Translations

from mailstore import clock, outbox
from mailstore.addresses import Address
from mailstore.envelopes import Recipient
from mailstore.mime import one_line
from mailstore.outbox import Stored
from mailstore.sandbox import ROOT
from mailstore.settings import Settings
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.languages import FIRST, SPOKEN
from portal.looks import Look

CATALOGUES = Path(__file__).parent / "translations"
LONGEST_SHOWN = 90
LONGEST_LINE = 998
KINDS = ("txt", "html")
FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"


@cache
def templates(catalogue: NullTranslations) -> jinja2.Environment:
    """Return the environment that renders mails in the language of a catalogue.

    Each has its own: overlays would share the functions that translate.
    """
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "templates" / "mail"),
        autoescape=jinja2.select_autoescape(["html"]),
        extensions=["jinja2.ext.i18n"],
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(font=FONT, look=Look())
    # The i18n extension adds this method.
    env.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]  # of i18n
    return env


def spoken(*wished: str | None) -> str:
    """Return the first language that there is a catalogue of."""
    return next((each for each in wished if each in SPOKEN), FIRST)


@cache
def translations(language: str) -> NullTranslations:
    """Return the catalogue of a language; English texts are the source."""
    return Translations.load(CATALOGUES, [language])


def begun(subject: str, author: MailAddress, to: MailAddress, zone: ZoneInfo, host: str,
          kind: str) -> EmailMessage:  # fmt: skip
    """Return a mail with its header; a machine wrote it, and says so (RFC 3834)."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = _as_typed(subject)
    mail["From"] = author
    mail["To"] = to
    mail["Date"] = format_datetime(clock.now().astimezone(zone))
    mail["Message-ID"] = make_msgid(kind, host)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    return mail


def begun_for(tenant: Tenant, settings: Settings, subject: str, to: MailAddress,
              kind: str) -> EmailMessage:  # fmt: skip
    """Return a mail with its header about a tenant, by its name and in its time zone."""
    author = named(tenant.name, settings.report_author)
    return begun(subject, author, to, tenant.zoneinfo, settings.hostname, kind)


def fill(
    mail: EmailMessage, env: jinja2.Environment, name: str, shown: Mapping[str, object]
) -> None:
    """Give a mail its text and its HTML part from the templates of a name."""
    text, html = (_quoted(env.get_template(f"{name}.{kind}").render(shown)) for kind in KINDS)
    mail.set_content("", cte="quoted-printable")
    mail.add_alternative("", subtype="html", cte="quoted-printable")
    for part, content in zip(mail.iter_parts(), (text, html), strict=True):
        part.set_payload(content)


def _quoted(text: str) -> str:
    """Return a text as quoted-printable (RFC 2045 §6.7); the encoder of `email` takes longer."""
    return b2a_qp(text.encode()).decode("ascii")


def as_bytes(mail: EmailMessage) -> bytes:
    """Return a mail as it is stored.

    Python 3.11 folds encoded words in the wrong places, so its lines are not folded; and an
    address that is not ASCII must not be encoded as words are (RFC 6532).
    """
    ascii_only = all(each.addr_spec.isascii() for each in mail["To"].addresses)
    policy = SMTP if ascii_only else SMTPUTF8
    return mail.as_bytes(policy=policy.clone(max_line_length=LONGEST_LINE))


def put_in_pack(store: Store, tenant: Tenant, recipient: Recipient, mail: EmailMessage) -> Stored:
    """Store a mail of ours about a tenant; it is queued once `outbox.queue` has committed."""
    author = Address.parse(store.settings.report_author)
    summary = outbox.summary_of(author, tenant.name, str(mail["Subject"]))
    return outbox.put_in_pack(store, recipient, as_bytes(mail), summary)


def named(name: str, text: str) -> MailAddress:
    """Return an address with a name as header fields want it."""
    address, name = Address.parse(text), _as_typed(one_line(name))
    if address.local.startswith('"'):
        return MailAddress(name, addr_spec=text)
    return MailAddress(name, address.local, address.domain)


def _as_typed(text: str) -> str:
    """Return a text in which Python's library finds no encoded word; the joiner is not seen.

    It would decode what only looks like one, line ends and all, and make fields of it.
    """
    return text.replace("=?", "=\u2060?")


def shown(text: str, longest: int = LONGEST_SHOWN) -> str:
    """Return a foreign text on one line, cut, and without characters that turn its direction."""
    plain = "".join(filter(str.isprintable, text))
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"
