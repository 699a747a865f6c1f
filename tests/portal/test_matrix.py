"""No id of somebody else leads anywhere, on any route, alone or among one's own."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.factories import a_mailbox
from tests.portal.browsing import Own, an_owner, csrf, methods_of, path_to, rules_of, stock
from tests.portal.owning import belongings

# Whoever holds these has what they open: they are no ids, and have tests of their own.
BEARER = {"token", "secret"}
# Numbers and words within what an id leads to.
WITHIN = {"number", "listed", "deed", "how"}
# Deeds for several mails of a list, and the page that asks before.
SEVERAL = (
    "/quarantine/chosen", "/webmail/chosen", "/webmail/restore/deliver", "/webmail/restore/folder",
)  # fmt: skip


@pytest.fixture(params=["chris@muster.example", "eve@elsewhere.example"],
                ids=["own tenant", "other tenant"])  # fmt: skip
def owner(request: pytest.FixtureRequest, store: Store, own: Own) -> Mailbox:
    """Return the mailbox of somebody else, who has an account."""
    with store.write() as db:
        mailbox = a_mailbox(db, request.param)
    an_owner(store, mailbox)
    return mailbox


@pytest.fixture
def theirs(store: Store, owner: Mailbox) -> Own:
    return belongings(store, owner)


@dataclass(frozen=True, slots=True)
class Attack:
    """A visitor, what is theirs to use, and what is somebody else's."""

    visitor: FlaskClient
    own: Own
    theirs: Own
    colleague: bool

    def paths(self, app: Flask) -> Iterator[tuple[Rule, str]]:
        """Yield each route with an id of the other: among one's own ids, and all foreign."""
        admin = self.colleague and is_administrator(self.visitor)
        for rule in with_ids(app, admin=admin):
            mine, foreign = self.own.values(rule), self.theirs.values(rule)
            for name in rule.arguments - WITHIN:
                yield rule, path_to(app, rule, **mine | {name: foreign[name]})
            yield rule, path_to(app, rule, **foreign)


@pytest.fixture
def attack(visitor: FlaskClient, own: Own, theirs: Own, owner: Mailbox, anna: Mailbox) -> Attack:
    return Attack(visitor, own, theirs, owner.tenant_id == anna.tenant_id)


def by_link(visitor: FlaskClient) -> bool:
    with visitor.session_transaction() as session:
        return "_user_id" not in session


def is_administrator(visitor: FlaskClient) -> bool:
    return visitor.get("/admin/people/").status_code == 200


def with_ids(app: Flask, *, admin: bool) -> Iterator[Rule]:
    """Yield the routes with an id; an administrator may use those of the own tenant's office."""
    for rule in rules_of(app):
        office = rule.rule.startswith("/admin/")
        if rule.arguments - WITHIN and not rule.arguments & BEARER and not (office and admin):
            yield rule


def refused(visitor: FlaskClient) -> set[int]:
    """Return the answers that tell nothing; whoever came by a link is asked to sign in first."""
    return {404, 303, 401} if by_link(visitor) else {404}


def test_nothing_of_others_is_there(
    app: Flask, attack: Attack, store: Store, subtests: pytest.Subtests
) -> None:
    visitor, expected = attack.visitor, refused(attack.visitor)
    form, before, tried = {"csrf_token": csrf(visitor)}, stock(store, without=seen), 0
    for rule, path in attack.paths(app):
        for method in methods_of(rule):
            with subtests.test(f"{method} {path}"):
                answer = visitor.open(path, method=method, data=form)
                assert answer.status_code in expected
                assert "/sign-in" in answer.headers.get("Location", "/sign-in")
            tried += 1
    assert tried > 60
    assert stock(store, without=seen) == before


@pytest.mark.parametrize("path", SEVERAL)
def test_nothing_of_others_is_there_among_ones_own(
    browser: FlaskClient, own: Own, theirs: Own, store: Store, path: str
) -> None:
    mine, foreign = (own.held, theirs.held) if "quarantine" in path else (own.copy, theirs.copy)
    form = {"csrf_token": csrf(browser), "m": [mine, foreign], "deed": "delete", "folder": "X"}
    before = stock(store, without=seen)
    assert browser.post(path, data=form).status_code == 404
    assert stock(store, without=seen) == before


@pytest.mark.parametrize("path", ["/webmail/restore/", "/webmail/mails.zip"])
def test_nobody_is_asked_about_mail_of_others_or_gets_it(
    browser: FlaskClient, own: Own, theirs: Own, path: str
) -> None:
    asked = {"m": [own.copy, theirs.copy]}
    assert browser.get(path, query_string=asked).status_code == 404


def seen(column: str) -> bool:
    return column == "sign_ins.seen_at"
