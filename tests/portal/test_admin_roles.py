from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from mailstore import clock, factors, roles
from mailstore.accounts import Account, Role
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from portal.access import FRESH
from tests.portal.browsing import (
    Own,
    an_owner,
    csrf,
    enter,
    in_english,
    methods_of,
    path_to,
    post,
    rules_of,
    said,
    stock,
    told,
)

PEOPLE = "/admin/people/"
ALL = {"/admin/people/", "/admin/domains/", "/admin/policies/", "/admin/lists/", "/admin/import/"}
THEIRS = {
    Role.QUARANTINE_ADMIN: {"/admin/requests/", "/admin/requests/answered", "/admin/held/"},
    Role.USER: set[str](),
}

# Who may get in, who gets mail of others, where mail goes, and what is written in our name.
GRAVE = {
    "roles.act", "people.code", "people.reset", "personal_reports.to", "delivery.webhook",
    "look.act", "start.live", "start.prepare", "domain_claims.add", "domain_claims.withdraw",
    "domain_records.keys", "domain_records.sign", "domains.hop", "domains.takes", "domains.remove",
    "list_import.act", "moving.read", "moving.act", "person_data.export", "person_data.erase",
    "retention.act", "boxes.remove", "addresses.act_idle", "domain_reports.add",
}  # fmt: skip


@pytest.fixture
def page(user: Account) -> str:
    return f"{PEOPLE}{user.id}/role"


def now_of(store: Store, account: Account) -> Account:
    with store.read() as db:
        return db.get_one(Account, account.id)


def test_an_administrator_says_who_else_administers_what(
    office: FlaskClient, store: Store, user: Account, anna: Mailbox, page: str
) -> None:
    in_english(office)
    assert "Looks after people" in said(office.get(page))
    answer = post(office, page, page, role="domain_admin", domain=[anna.domain_id])
    assert "The role is changed." in told(office, answer)
    assert now_of(store, user).role is Role.DOMAIN_ADMIN
    with store.read() as db:
        assert roles.domains_of(db, user) == {anna.domain_id}


@pytest.mark.parametrize(
    ("form", "status"),
    [({"role": "operator"}, 400), ({"role": "root"}, 400), ({}, 400), ({"role": ""}, 400),
     ({"role": "domain_admin"}, 422), ({"role": "domain_admin", "domain": "9999"}, 422)],
)  # fmt: skip
def test_a_role_that_is_none_changes_nothing(
    office: FlaskClient, store: Store, page: str, form: dict[str, str], status: int
) -> None:
    before = stock(store)
    assert post(office, page, page, **form).status_code == status
    assert stock(store) == before


def test_more_than_a_role_cannot_be_said(
    office: FlaskClient, store: Store, user: Account, stranger: Mailbox, page: str
) -> None:
    more: dict[str, Any] = {
        "tenant_id": stranger.tenant_id, "email": "x@y.example", "active": "", "id": 1,
        "is_admin": 1, "password_hash": "x",
    }  # fmt: skip
    before = now_of(store, user)
    post(office, page, page, role="quarantine_admin", domain=[stranger.domain_id], **more)
    after = now_of(store, user)
    assert after.role is Role.QUARANTINE_ADMIN
    for name in ("id", "tenant_id", "email", "active", "password_hash"):
        assert getattr(after, name) == getattr(before, name)


def test_the_last_administrator_is_told_that_somebody_must_be_left(
    office: FlaskClient, store: Store, admin: Account
) -> None:
    page = f"{PEOPLE}{admin.id}/role"
    answer = post(in_english(office), page, page, role="user")
    assert (answer.status_code, "Nobody else administers" in said(answer)) == (422, True)
    assert now_of(store, admin).role is Role.ADMIN


@pytest.mark.parametrize("role", THEIRS)
def test_a_role_opens_its_own_pages_and_no_other(
    app: Flask, store: Store, beat: Mailbox, role: Role, subtests: pytest.Subtests
) -> None:
    client = app.test_client()
    enter(client, store, an_owner(store, beat, role=role))
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/admin/") or rule.arguments or "GET" not in methods_of(rule):
            continue
        with subtests.test(rule.rule):
            status = client.get(rule.rule).status_code
            mine = rule.rule in THEIRS[role]
            home = rule.rule == "/admin/" and role is not Role.USER
            assert status == (200 if mine else 303 if home else 404)


def test_who_has_some_domains_sees_people_and_lists_and_no_mail(
    app: Flask, store: Store, beat: Mailbox
) -> None:
    client, whose = app.test_client(), an_owner(store, beat, role=Role.DOMAIN_ADMIN)
    with store.write() as db:
        account = db.get_one(Account, whose.id)
        roles.set_role(db, account, Role.DOMAIN_ADMIN, {beat.domain_id}, by="test")
    enter(client, store, whose)
    assert {path: client.get(path).status_code for path in ALL} == dict.fromkeys(ALL, 200)
    for path in ("start/", "held/", "requests/", "outgoing/", "delivery/", "statistics/",
                 "retention", "look/", "policies/tenant", f"people/{whose.id}/role"):  # fmt: skip
        assert client.get(f"/admin/{path}").status_code == 404


def test_an_administrator_without_a_second_factor_sets_one_up_first(
    office: FlaskClient, store: Store, admin: Account
) -> None:
    with store.write() as db:
        db.get_one(Account, admin.id).totp_secret = ""
    answer = office.get("/admin/people/?q=anna")
    assert answer.location.startswith("/profile/password/factor?next=/admin/people/?q%3Danna")
    assert "admin/people" in office.get(answer.location).text
    token = {"page": "/profile/contact"}
    assert post(office, "/admin/retention", **token, keep_days=30).status_code == 303
    with store.read() as db:
        assert not factors.is_on(db.get_one(Account, admin.id))


def test_an_administrator_keeps_the_second_factor(
    office: FlaskClient, store: Store, admin: Account
) -> None:
    page = "/profile/password/"
    assert "factor/off" not in office.get(page).text
    post(office, f"{page}factor/off", page)
    assert factors.is_on(now_of(store, admin))


def test_what_is_grave_wants_a_proof_that_is_not_old(
    app: Flask, office: FlaskClient, store: Store, own: Own, subtests: pytest.Subtests
) -> None:
    token, tried = csrf(office, "/profile/contact"), set[str]()
    with time_machine.travel(clock.now() + FRESH + timedelta(minutes=1), tick=False):
        before = stock(store, without=lambda column: column == "sign_ins.seen_at")
        for rule in rules_of(app):
            if rule.endpoint not in GRAVE:
                continue
            with subtests.test(rule.endpoint):
                path = path_to(app, rule, **own.values(rule))
                answer = office.post(path, data={"csrf_token": token})
                assert (answer.status_code, answer.location[:14]) == (303, "/sign-in/again")
                tried.add(rule.endpoint)
        assert stock(store, without=lambda column: column == "sign_ins.seen_at") == before
    assert tried == GRAVE
