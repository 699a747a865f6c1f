"""A browser's ways through the portal: forms with their token, signing in, links of a report."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from mailstore import accounts, bearer, devices, sessions, tables
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.db import Base
from mailstore.deliveries import Delivery, State
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.reports.rows import Link, LinkKind
from mailstore.store import Store
from portal.languages import COOKIE
from portal.links import LinkSigner
from portal.security import STATIC
from tests import reporting
from tests.factories import with_factor

PASSWORD = "a long enough password"  # noqa: S105 (of tests only)
READING = frozenset({"GET", "HEAD", "OPTIONS"})
GERMAN, ENGLISH = {"Accept-Language": "de-CH"}, {"Accept-Language": "en-GB"}
assert tables  # Whoever takes stock of all tables must have heard of them.

FORBIDDEN = {"allow-scripts", "allow-same-origin", "allow-forms", "allow-top-navigation",
             "allow-top-navigation-by-user-activation", "allow-modals"}  # fmt: skip

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Links:
    """What a report mail leads to, as paths, and the code that it prints.

    `held` is in the order of the report, `of` has the same by the delivery.
    """

    report_id: int
    code: str
    held: Sequence[str]
    quarantine: str
    webmail: str
    everything: str
    settings: str
    unsubscribe: str
    of: Mapping[int, str]

    @property
    def paths(self) -> list[str]:
        """The paths of all links."""
        pages = self.quarantine, self.webmail, self.everything, self.settings, self.unsubscribe
        return [*self.held, *pages]


def in_english(client: FlaskClient) -> FlaskClient:
    """Let this browser speak English, whatever the mailbox it looks into speaks."""
    client.set_cookie(COOKIE, "en")
    return client


@dataclass(frozen=True, slots=True)
class Own:
    """What belongs to a person: a held mail, the copy of a delivered one, a report's links.

    And the domain that they share with others, a restore that goes on, and by the names of
    routes' arguments whatever else is theirs.
    """

    held: int
    copy: int
    links: Links
    domain: int
    restore: int
    others: Mapping[str, object] = field(default_factory=dict)

    def values(self, rule: Rule) -> dict[str, object]:
        """Return what a route wants to lead to something of theirs."""
        number = self.held if rule.rule.startswith("/quarantine/") else self.copy
        path = self.links.unsubscribe if rule.rule.startswith("/u/") else self.links.held[0]
        return {
            "delivery_id": number,
            "number": 0,
            "deed": "read",
            "how": "reply",
            "token": path.rpartition("/")[2],
            "domain_id": self.domain,
            "restore_id": self.restore,
            **self.others,
        }


def csrf(client: FlaskClient, page: str = "/sign-in", **options: Any) -> str:
    """Return the token that the forms of a page carry; every page of ours has one."""
    found = _TOKEN.search(client.get(page, follow_redirects=True, **options).text)
    assert found, f"no form on {page}"
    return found[1]


def post(
    client: FlaskClient, path: str, page: str = "/sign-in", *, token: str = "", **form: Any
) -> TestResponse:
    """Send a form as a browser does that has a page open."""
    return client.post(path, data={"csrf_token": token or csrf(client, page), **form})


def said(answer: TestResponse) -> str:
    """Return the text of a page without its tags, on one line."""
    body = re.search(r"(?s)<main[^>]*>(.*)</main>", answer.text)
    assert body, "no page of ours"
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body[1])).split())


def told(client: FlaskClient, answer: TestResponse) -> str:
    """Return the text of the page to which an answer leads on."""
    assert answer.status_code == 303, answer.status
    return said(client.get(answer.location, follow_redirects=True))


def listed(answer: TestResponse) -> list[int]:
    """Return the ids of the mails that a list shows, in its order."""
    link = r'class="mail-link" href="(?:/(?:\w+/)+)?(\d+)["?]'
    return list(map(int, re.findall(link, answer.text)))


def following(answer: TestResponse) -> str:
    """Return where a list goes on."""
    found = re.search(r'rel="next" href="([^"]+)"', answer.text)
    return unescape(found[1]) if found else ""


def sign_in(
    client: FlaskClient, email: str, password: str = PASSWORD, path: str = "/sign-in"
) -> TestResponse:
    """Fill in the form and send it."""
    return post(client, path, email=email, password=password)


def enter(client: FlaskClient, store: Store, account: Account) -> None:
    """Sign in without the form, whose hashing takes its time."""
    with store.write() as db:
        token = sessions.start(db, account, "test")
    with client.session_transaction() as session:
        session["_user_id"] = token


def an_owner(
    store: Store, mailbox: Mailbox, hashed: str | None = None, role: Role = Role.USER
) -> Account:
    """Return a new account that owns a mailbox."""
    with store.write() as db:
        address = Address.parse(mailbox.address)
        return with_factor(accounts.add_account(db, address, role, hashed, by="test"))


def know_device(client: FlaskClient, store: Store, *mailboxes: Mailbox) -> None:
    """Make this browser known to mailboxes."""
    token = bearer.new_token()
    with store.write() as db:
        ids = frozenset(mailbox.id for mailbox in mailboxes)
        devices.know(db, token, ids, "test")
    name = client.application.config["DEVICE_COOKIE_NAME"]
    client.set_cookie(name, token)


def a_report(store: Store, mailbox: Mailbox, *, ask: bool = True) -> Links:
    """Keep a report of everything that is held for a mailbox, and return its links."""
    kept = reporting.keep(store, mailbox, ask=ask)
    signer = LinkSigner(store.settings.signing_keys)

    def path(link: Link, place: str = "l") -> str:
        return f"/{place}/{signer.sign(link.id, link.kind)}"

    pages = {kind: path(link) for kind, link in kept.pages.items()}
    return Links(
        kept.report_id,
        kept.draft.code,
        [path(each) for each in kept.held],
        pages[LinkKind.QUARANTINE],
        pages[LinkKind.WEBMAIL],
        pages[LinkKind.ALL],
        pages[LinkKind.SETTINGS],
        path(kept.pages[LinkKind.UNSUBSCRIBE], "u"),
        {link.delivery_id: path(link) for link in kept.held if link.delivery_id},
    )


def wrong_code(links: Links) -> str:
    """Return four digits that are not the report's."""
    return f"{(int(links.code) + 1) % 10_000:04}"


def state(store: Store, delivery: Delivery) -> State:
    with store.read() as db:
        return db.get_one(Delivery, delivery.id).state


def happened(store: Store, kind: str) -> list[Event]:
    """Return the events of a kind, oldest first."""
    with store.read() as db:
        return list(db.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


def stock(store: Store, *, without: Callable[[str], bool] = lambda _: False) -> dict[str, Any]:
    """Return all rows of all tables, less the columns (`table.column`) that are left out."""
    found: dict[str, Any] = {}
    with store.read() as db:
        for table in Base.metadata.sorted_tables:
            columns = [each for each in table.columns if not without(f"{table.name}.{each.name}")]
            if columns:
                found[table.name] = sorted(map(repr, db.execute(select(*columns))))
    return found


def rules_of(app: Flask) -> Iterator[Rule]:
    """Yield the routes of all views that have a guard."""
    yield from (rule for rule in app.url_map.iter_rules() if rule.endpoint not in STATIC)


def methods_of(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def path_to(app: Flask, rule: Rule, **values: Any) -> str:
    """Return the path of a route; a route with a value that nobody named is a KeyError."""
    wanted = {name: values[name] for name in rule.arguments}
    return app.url_map.bind("localhost").build(rule.endpoint, wanted, method=methods_of(rule)[0])


def policy_of(answer: TestResponse) -> dict[str, list[str]]:
    rules = answer.headers["Content-Security-Policy"].split(";")
    return {words[0]: words[1:] for words in (rule.split() for rule in rules)}


def is_locked(answer: TestResponse) -> None:
    """Check that nothing in an answer can load, run, send or leave its frame."""
    policy = policy_of(answer)
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == ["'none'"]
    assert not FORBIDDEN & set(policy["sandbox"])
    assert not {"script-src", "connect-src", "font-src", "frame-src"} & policy.keys()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
