from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeSerializer
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from mailstore.mailboxes import Mailbox
from mailstore.settings import Settings
from mailstore.store import Store
from portal import access, home
from portal.app import create_app
from portal.auth.paths import own_path
from portal.links import SALT
from portal.security import STATIC
from tests.factories import a_held_delivery, a_mailbox, an_accepted
from tests.portal.browsing import (
    a_report,
    csrf,
    know_device,
    methods_of,
    path_to,
    rules_of,
    stock,
)

# Pages before signing in, and those that a report link opens.
OPEN = {
    "auth.sign_in", "auth.act", "auth.sign_out", "home.language", "oneclick.show",
    "second.ask", "second.act", "password.forgot", "password.remind", "password.asked",
    "password.new", "password.set_new",
    "oneclick.body", "oneclick.sender", "oneclick.act", "oneclick.fresh", "code.ask", "code.act",
    "unsubscribe.show", "unsubscribe.act",
}  # fmt: skip
# Whoever comes by a link signs in for these, before anything is looked up.
NOT_BY_LINK = {
    "deeds.untag", "asking.ask", "asking.act", "sender.ask", "sender.act", "write.answer",
    "outgoing.deliver", "outgoing.delete", "held.look", "held.body", "held.read", "held.deliver",
    "held.delete",
}  # fmt: skip
LARGEST = 2**63 - 1
SOME = dict.fromkeys(
    ("delivery_id", "number", "domain_id", "restore_id", "mailbox_id", "entry_id", "sign_in_id",
     "device_id", "request_id", "account_id", "bulk_id", "secret", "subscription_id",
     "draft_id", "public_id", "block_id", "tenant_id", "upload_id", "policy_id", "claim_id",
     "moving_id", "export_id"), 1,
) | {"listed": "blocked", "deed": "read", "how": "reply"}  # fmt: skip


@pytest.fixture(params=["chris@muster.example", "eve@elsewhere.example"],
                ids=["own tenant", "other tenant"])  # fmt: skip
def foreign(request: pytest.FixtureRequest, store: Store, anna: Mailbox) -> tuple[int, int]:
    """Return ids of somebody else's held and of their delivered mail."""
    with store.write() as db:
        owner = a_mailbox(db, request.param)
    return a_held_delivery(store, owner).id, an_accepted(store, owner).id


def with_ids(app: Flask) -> Iterator[Rule]:
    found = [rule for rule in rules_of(app) if "delivery_id" in rule.arguments]
    assert len(found) >= 11
    yield from found


class Asker:
    """Calls routes with each of their methods, with the token of a form."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self._form = {"csrf_token": csrf(client)}

    def __call__(self, rule: Rule, **values: object) -> list[TestResponse]:
        path = path_to(self.client.application, rule, **values)
        return [self._ask(path, method) for method in methods_of(rule)]

    def _ask(self, path: str, method: str) -> TestResponse:
        form = self._form if method != "GET" else None
        return self.client.open(path, method=method, data=form)


def test_every_view_has_a_guard(app: Flask) -> None:
    bare = {name for name, view in app.view_functions.items() if not hasattr(view, "guard")}
    assert bare == STATIC


def test_a_view_without_a_guard_stops_the_start(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = Blueprint("home", __name__)
    bare.add_url_rule("/bare", "bare", lambda: "")
    monkeypatch.setattr(home, "bp", bare)
    with pytest.raises(RuntimeError, match=r"home\.bare"):
        create_app(settings, store, ())


def test_an_unknown_visitor_who_wants_a_page_is_led_to_sign_in_and_back(
    app: Flask, client: FlaskClient, subtests: pytest.Subtests
) -> None:
    for rule in rules_of(app):
        if rule.endpoint in OPEN or "GET" not in (rule.methods or ()):
            continue
        with subtests.test(rule.endpoint):
            path = path_to(app, rule, **SOME)
            answer = client.get(path)
            assert (answer.status_code, urlsplit(answer.location).path) == (303, "/sign-in")
            (following,) = parse_qs(urlsplit(answer.location).query)["next"]
            assert own_path(following) == path


def test_the_way_back_keeps_the_place_in_a_list(client: FlaskClient) -> None:
    path = "/webmail/?after=2026-11-24T12:00:00%2B00:00_7"
    answer = client.get(path)
    assert parse_qs(urlsplit(answer.location).query)["next"] == [path]


def test_an_unknown_visitor_can_do_nothing(
    app: Flask, client: FlaskClient, subtests: pytest.Subtests
) -> None:
    ask = Asker(client)
    for rule in rules_of(app):
        if rule.endpoint in OPEN or "POST" not in (rule.methods or ()):
            continue
        with subtests.test(rule.endpoint):
            (answer,) = ask(rule, **SOME)
            assert answer.status_code == 401


def test_mail_of_others_does_not_exist_on_any_page(
    app: Flask,
    visitor: FlaskClient,
    foreign: tuple[int, int],
    store: Store,
    subtests: pytest.Subtests,
) -> None:
    ask, before = Asker(visitor), stock(store)
    keeps = visitor.get("/admin/held/").status_code == 200
    for rule in with_ids(app):
        if keeps and rule.rule.startswith("/admin/held/"):
            continue
        for delivery_id in foreign:
            with subtests.test(f"{rule.endpoint} {delivery_id}"):
                answers = ask(rule, **SOME | {"delivery_id": delivery_id, "number": 0})
                assert {each.status_code for each in answers} <= _refusals(visitor, rule)
    assert stock(store) == before


def test_mail_that_never_was_looks_like_mail_of_others(
    app: Flask, browser: FlaskClient, foreign: tuple[int, int], subtests: pytest.Subtests
) -> None:
    ask = Asker(browser)
    for rule in with_ids(app):
        with subtests.test(rule.endpoint):
            never, theirs = (
                [_seen(each) for each in ask(rule, **SOME | {"delivery_id": number, "number": 0})]
                for number in (999, foreign[0])
            )
            assert never == theirs


@pytest.mark.parametrize("number", [0, LARGEST, LARGEST + 1], ids=["none", "largest", "too large"])
def test_a_number_that_no_row_can_have_is_not_found(
    app: Flask, browser: FlaskClient, number: int, subtests: pytest.Subtests
) -> None:
    ask = Asker(browser)
    for rule in with_ids(app):
        with subtests.test(rule.endpoint):
            answers = ask(rule, **SOME | {"delivery_id": number, "number": 0})
            assert {each.status_code for each in answers} <= {404, 405}


@pytest.mark.parametrize("number", [7, 2**70], ids=["none", "too large"])
def test_an_attachment_that_is_not_there_is_not_found(
    browser: FlaskClient, store: Store, anna: Mailbox, number: int
) -> None:
    copy = an_accepted(store, anna)
    answer = browser.get(f"/webmail/m/{copy.id}/attachments/{number}")
    assert answer.status_code == 404


def test_a_token_for_a_link_that_never_was_is_not_found(
    app: Flask, client: FlaskClient, settings: Settings, subtests: pytest.Subtests
) -> None:
    token = URLSafeSerializer(settings.signing_keys[0], salt=SALT).dumps(["guessed", "held"])
    ask = Asker(client)
    for rule in rules_of(app):
        if "token" in rule.arguments:
            with subtests.test(rule.endpoint):
                answers = ask(rule, token=token, listed="allowed")
                assert {each.status_code for each in answers} == {404}


def test_pages_of_an_administrator_do_not_exist_for_a_user(
    app: Flask, browser: FlaskClient, subtests: pytest.Subtests
) -> None:
    ask = Asker(browser)
    found = [rule for rule in rules_of(app) if rule.rule.startswith("/admin/")]
    assert len(found) > 40
    for rule in found:
        with subtests.test(rule.endpoint):
            answers = ask(rule, **SOME)
            assert {each.status_code for each in answers} == {404}


def test_an_administrator_sees_no_mail_of_others_in_any_list(
    office: FlaskClient, foreign: tuple[int, int]
) -> None:
    for path in ("/", "/quarantine/", "/webmail/"):
        assert "Plans" not in office.get(path).text


def test_a_guest_of_the_quarantine_is_no_guest_of_the_webmail(
    client: FlaskClient, store: Store, anna: Mailbox
) -> None:
    know_device(client, store, anna)
    client.get(a_report(store, anna).quarantine)
    answer = client.get("/webmail/")
    assert (answer.status_code, urlsplit(answer.location).path) == (303, "/sign-in")


def test_nobody_sees_nothing() -> None:
    assert access.ANYBODY.scope.mailbox_ids == frozenset()
    assert not access.ANYBODY.may_read


def _refusals(visitor: FlaskClient, rule: Rule) -> set[int]:
    with visitor.session_transaction() as session:
        by_link = "_user_id" not in session
    return {303, 401} if by_link and rule.endpoint in NOT_BY_LINK else {404}


def _seen(answer: TestResponse) -> tuple[str, str]:
    """Return what a person sees of an answer; the forms around it differ by their tokens."""
    return answer.status, answer.text.partition("<h1")[2]
