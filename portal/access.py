"""Who may see what: every view has a guard, and a view without one stops the start.

A guard gives its view one read-only snapshot (`g.db`) and a visitor with a scope. Deeds open
their own short write.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn, cast

from flask import Flask, abort, current_app, flash, g, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import LoginManager, UserMixin, current_user
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from mailstore import accounts, clock, devices, factors, realms, sessions
from mailstore.accounts import ADMINISTRATORS, KEEPERS, Account, Role
from mailstore.mailboxes import Mailbox
from mailstore.reports import links
from mailstore.reports.rows import Link, LinkKind
from mailstore.scope import NOTHING, Scope
from mailstore.sessions import Living
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal import scanners
from portal.auth.paths import own_path
from portal.security import READING, STATIC

View = Callable[..., Any]
LINKS = "links"
KNOWN_BY_LINK = "report link"
# What changes who may get in wants a proof that is not older.
FRESH = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: an account, the holder of a report link, or anybody."""

    scope: Scope
    name: str
    account: Account | None = None
    link: Link | None = None
    known_device: bool = False

    @property
    def may_read(self) -> bool:
        """Whether content may be shown: signed in, or by a link on a known device."""
        return self.account is not None or self.known_device


ANYBODY = Visitor(NOTHING, "nobody")


class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """What Flask-Login keeps in the cookie: the session's token, not the account."""

    def __init__(self, token: str, account: Account, found: Living | None = None) -> None:
        self.id = token
        self.account = account
        self.found = found

    @property
    def proved_at(self) -> datetime:
        """When whoever sits there proved last who they are."""
        return self.found.proved_at if self.found else clock.now()


def store() -> Store:
    """Return the store of this app."""
    return cast("Store", current_app.extensions["store"])


def guard(visit: Callable[[], Visitor]) -> Callable[[View], View]:
    """Give a view its visitor and a read-only snapshot; deeds open their own short write."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(**kwargs: Any) -> Any:
            with store().read() as g.db:
                g.visitor = visit()
                g.scope = g.visitor.scope
                _speak_for(g.visitor)
                return view(**kwargs)

        guarded.guard = visit  # type: ignore[attr-defined]  # what check_guards looks for
        return guarded

    return decorate


def check_guards(app: Flask) -> None:
    """Raise RuntimeError if a view has no guard."""
    bare = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if endpoint not in STATIC and not hasattr(view, "guard")
    ]
    if bare:
        raise RuntimeError(f"views without a guard: {', '.join(sorted(bare))}")


def init_app(app: Flask) -> None:
    """Load accounts from session rows."""
    manager = LoginManager(app)
    manager.login_view = "auth.sign_in"

    @manager.user_loader  # type: ignore[untyped-decorator]  # Flask-Login has no types
    def load(token: str) -> SignedIn | None:
        with _snapshot() as db:
            found = sessions.living(db, token)
            if found is None:
                return None
            # Pages of errors name the account after the snapshot is gone.
            db.expunge(found.account)
        if found.needs_seen:
            with store().write() as db:
                sessions.seen(db, token)
        return SignedIn(token, found.account, found)

    app.context_processor(lambda: {"visitor": getattr(g, "visitor", ANYBODY)})


@contextlib.contextmanager
def _snapshot() -> Iterator[Session]:
    """Give the guard's snapshot, or one of its own where no guard has begun yet."""
    db = getattr(g, "db", None)
    if db is not None and db.in_transaction():
        yield db
        return
    with store().read() as db:
        yield db


def device_token() -> str | None:
    """Return what this browser shows as its device, if anything."""
    return request.cookies.get(current_app.config["DEVICE_COOKIE_NAME"])


def link_session(kind: LinkKind) -> Visitor | None:
    """Return the visitor behind a report link opened in this browser, or None."""
    link_id = session.get(LINKS, {}).get(kind.value)
    found = links.alive(g.db, link_id) if link_id else None
    if found is None or found[1]:
        return None
    return visitor_of(found[0])


def visitor_of(link: Link) -> Visitor:
    """Return the holder of a link as a visitor."""
    known = devices.is_known(g.db, device_token(), link.mailbox_id)
    scope = links.scope_of(g.db, link)
    name = KNOWN_BY_LINK if known else "report link, unverified device"
    return Visitor(scope, name, link=link, known_device=known)


def _anyone() -> Visitor:
    if not current_user.is_authenticated:
        return ANYBODY
    account = current_user.account
    return Visitor(accounts.scope_of(g.db, account), account.email, account=account)


def _user() -> Visitor:
    visitor = _anyone()
    if visitor.account is None:
        _to_sign_in()
    return visitor


def _user_or_link(kind: LinkKind) -> Callable[[], Visitor]:
    def visit() -> Visitor:
        visitor = _anyone()
        if visitor.account:
            return visitor
        return _unsuspected(link_session(kind) or _to_sign_in())

    return visit


def _unsuspected(visitor: Visitor) -> Visitor:
    """Let a deed wait for the report's code where a mail scanner could be behind it."""
    if request.method in READING or visitor.known_device or visitor.link is None:
        return visitor
    if scanners.suspects(visitor.link, max(1, len(request.form.getlist("m")))):
        flash(
            _("Please type the code of the report first, and then press the button again."), "info"
        )
        abort(redirect(url_for("code.ask", next=_way_back()), 303))
    return visitor


def _having(*roles: Role) -> Callable[[], Visitor]:
    """Let only accounts with one of these roles in, once they have a second factor.

    `g.realm` says what they administer.
    """

    def visit() -> Visitor:
        visitor = _user()
        if visitor.account is None or visitor.account.role not in roles:
            abort(404)
        if not factors.is_on(visitor.account):
            flash(_("Who administers others has a second factor. Set yours up first."), "info")
            abort(redirect(url_for("profile_factor.offer", next=_way_back()), 303))
        g.realm = realms.of(g.db, visitor.account)
        return visitor

    return visit


_administrator = _having(*ADMINISTRATORS)
_admin = _having(Role.ADMIN)
_manager = _having(Role.ADMIN, Role.DOMAIN_ADMIN)
_keeper = _having(*KEEPERS)
_operator = _having(Role.OPERATOR)


def _freshly(visit: Callable[[], Visitor]) -> Callable[[], Visitor]:
    """Let only those in who proved lately who they are; others do so and come back."""

    def visit_freshly() -> Visitor:
        visitor = visit()
        if current_user.proved_at < clock.now() - FRESH:
            abort(redirect(url_for("again.ask", next=_way_back()), 303))
        return visitor

    return visit_freshly


def _way_back() -> str | None:
    """Return the page that a deed began on, as far as the form or the address says it."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    named = own_path(request.form.get("next", ""))
    ways = current_app.create_url_adapter(request)
    shown = ways is not None and ways.test(request.path, method="GET")
    return named or (request.path if shown else None)


def _to_sign_in() -> NoReturn:
    if request.method not in ("GET", "HEAD"):
        abort(401)
    target = redirect(url_for("auth.sign_in", next=request.full_path.rstrip("?")), 303)
    abort(target)


# Every page asks this, and making the query takes longer than asking it.
_SEEN_BY = (
    select(Tenant, Mailbox)
    .outerjoin(Mailbox, Mailbox.id == bindparam("mailbox_id"))
    .where(Tenant.id == bindparam("tenant_id"))
)


def _seen_by(scope: Scope) -> tuple[Tenant | None, Mailbox | None]:
    """Return a scope's tenant and the first of its mailboxes."""
    if not scope.tenant_id:
        return None, None
    asked = {"tenant_id": scope.tenant_id, "mailbox_id": min(scope.mailbox_ids or (0,))}
    tenant, mailbox = g.db.execute(_SEEN_BY, asked).first() or (None, None)
    return tenant, mailbox


def _speak_for(visitor: Visitor) -> None:
    if visitor.account is None:
        tenant, mailbox = _seen_by(visitor.scope)
        of_mailbox = mailbox.language if mailbox else None
    else:
        tenant, of_mailbox = current_user.found.tenant, current_user.found.language
    g.tenant = tenant
    own = visitor.account.language if visitor.account else None
    of_tenant = tenant.language if tenant else None
    # An account that says "" goes by what its browser asks for.
    g.language = None if own == "" else own or of_mailbox or of_tenant
    g.zone = tenant.zone if tenant else None


for_anyone = guard(_anyone)
for_user = guard(_user)
for_quarantine = guard(_user_or_link(LinkKind.QUARANTINE))
for_webmail = guard(_user_or_link(LinkKind.WEBMAIL))
for_administrator = guard(_administrator)
for_admin = guard(_admin)
for_fresh = guard(_freshly(_user))
for_fresh_admin = guard(_freshly(_admin))
# Whoever looks after people and lists, of the whole tenant or of some domains.
for_manager = guard(_manager)
for_fresh_manager = guard(_freshly(_manager))
# Whoever looks after held mail.
for_keeper = guard(_keeper)
for_fresh_keeper = guard(_freshly(_keeper))
for_operator = guard(_operator)
for_fresh_operator = guard(_freshly(_operator))
