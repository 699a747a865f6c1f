"""The portal as one WSGI application: its parts, and what holds for all of them."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect
from werkzeug.routing import IntegerConverter, Map

from mailstore.sandbox import ROOT, Sandbox
from mailstore.settings import Settings
from mailstore.store import Store
from portal import access, demo, errors, find, home, languages, reasons, security, sight, uploads
from portal.admin.areas import ADMIN
from portal.auth import again, password, second
from portal.auth import views as auth
from portal.content.reading import RENDERING
from portal.customers import views as customers
from portal.links import LinkSigner
from portal.oneclick import codes, unsubscribe
from portal.oneclick import views as oneclick
from portal.profile import data as profile_data
from portal.profile import devices as profile_devices
from portal.profile import factor as profile_factor
from portal.profile import files as profile_files
from portal.profile import lists as profile_lists
from portal.profile import signatures as profile_signatures
from portal.profile import times as profile_times
from portal.profile import views as profile
from portal.quarantine import asking, chosen, sender
from portal.quarantine import views as quarantine
from portal.reasons import RuleText
from portal.stats import subscribing
from portal.stats import views as statistics
from portal.webmail import deeds, files, homecoming, leaving, restore, write
from portal.webmail import views as webmail

AREAS = (
    home, auth, second, again, password, quarantine, chosen, sender, asking, webmail, deeds, files,
    restore, homecoming, write, leaving, find, oneclick, codes, unsubscribe, profile, profile_times,
    profile_lists, profile_signatures, profile_files, profile_data, profile_factor,
    profile_devices, *ADMIN, statistics, subscribing, customers,
)  # fmt: skip
LARGEST_FORM = 2**20
STATIC_SECONDS = 3600
LOOPBACK = ("127.0.0.1", "localhost")


class RowNumber(IntegerConverter):
    """A number in an address that a row can have; any other is not found."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**63 - 1)


def create_app(settings: Settings, store: Store, rules: Sequence[RuleText]) -> Flask:
    """Return the portal; raises Misconfigured for a weak secret, RuntimeError for a bare view."""
    app = Flask("portal", template_folder=str(ROOT / "templates"))
    first, *older = settings.signing_keys
    base = urlsplit(settings.base_url)
    app.config.update(
        SECRET_KEY=first,
        SECRET_KEY_FALLBACKS=older,
        TRUSTED_HOSTS=_trusted_hosts(base.hostname or ""),
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        SEND_FILE_MAX_AGE_DEFAULT=STATIC_SECONDS,
        WTF_CSRF_TIME_LIMIT=None,
        # Our pages forbid browsers to say where they come from, so no Referer can be asked for.
        WTF_CSRF_SSL_STRICT=False,
        BOOTSTRAP_SERVE_LOCAL=True,
        BABEL_DEFAULT_LOCALE=languages.FIRST,
        **security.cookies(secure=base.scheme == "https"),
    )
    app.url_map.converters["int"] = RowNumber
    app.extensions["settings"] = settings
    app.extensions["store"] = store
    app.extensions["links"] = LinkSigner(settings.signing_keys)
    app.extensions["sandbox"] = Sandbox(RENDERING, spare=True)
    # Mail programs stop reports without having seen any page of ours (RFC 8058).
    CSRFProtect(app).exempt(unsubscribe.act)
    Bootstrap5(app)
    reasons.tell(rules)
    for part in (uploads, languages, security, access, errors, sight):
        part.init_app(app)
    app.wsgi_app = security.BehindProxies(app.wsgi_app, settings.proxies)  # type: ignore[method-assign]  # Flask's own way
    for area in (*AREAS, *((demo,) if settings.demo else ())):
        app.register_blueprint(area.bp)
    access.check_guards(app)
    return app


def _trusted_hosts(host: str) -> list[str] | None:
    """Accept the configured host only, so that no foreign Host gets into a URL of ours.

    Werkzeug 3.1 cannot compare IPv6 literals; with one, any Host is let in, and links of
    reports come from the configuration all the same.
    """
    if ":" in host:
        return None
    return list(LOOPBACK) if host in LOOPBACK else [host]
