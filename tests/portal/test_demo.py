import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mailstore.accounts import Role
from mailstore.mailboxes import Mailbox
from mailstore.settings import Settings
from mailstore.store import Store
from portal.app import create_app
from tests.portal.browsing import an_owner, in_english, post, rules_of, said, sign_in
from tests.portal.signing import a_phone

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

STOPPED = "Der nachgestellte Mailserver ist angehalten"
RUNNING = "Der nachgestellte Mailserver läuft"


@pytest.fixture
def shown(settings: Settings, store: Store) -> FlaskClient:
    """Return a browser of the demo."""
    return create_app(settings.model_copy(update={"demo": True}), store, ()).test_client()


def test_only_the_demo_has_an_outage_switch(app: Flask, client: FlaskClient) -> None:
    assert not any(rule.endpoint.startswith("demo.") for rule in rules_of(app))
    assert post(client, "/demo/outage", outage="on").status_code == 404
    assert "Demo" not in client.get("/sign-in").text


def test_the_switch_stops_and_starts_the_pretend_mail_server(
    shown: FlaskClient, settings: Settings
) -> None:
    assert RUNNING in shown.get("/sign-in").text
    for outage, text in (("on", STOPPED), ("on", STOPPED), ("off", RUNNING), ("off", RUNNING)):
        assert post(shown, "/demo/outage", outage=outage).status_code == 303
        assert settings.outage_switch.exists() is (outage == "on")
        assert text in shown.get("/sign-in").text


def test_the_demo_shows_what_the_app_of_its_administrators_shows(
    shown: FlaskClient, store: Store, beat: Mailbox, hashed: str
) -> None:
    boss = an_owner(store, beat, hashed, Role.ADMIN)
    a_phone(store, boss)
    asked = shown.get(sign_in(in_english(shown), boss.email).location)
    code = re.search(r"shows (\d{6}) now", said(asked))
    assert code
    answer = post(shown, "/sign-in/code", "/sign-in/code", code=code[1])
    assert (answer.status_code, answer.location) == (303, "/")


def test_the_switch_leads_back_to_the_page_it_was_on(shown: FlaskClient) -> None:
    answer = post(shown, "/demo/outage", outage="on", next="/webmail/")
    assert answer.location == "/webmail/"


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "javascript:x"])
def test_the_switch_never_leads_elsewhere(shown: FlaskClient, target: str) -> None:
    assert post(shown, "/demo/outage", outage="on", next=target).location == "/"


def test_nobody_flips_the_switch_without_the_token_of_a_form(
    shown: FlaskClient, settings: Settings
) -> None:
    assert shown.post("/demo/outage", data={"outage": "on"}).status_code == 400
    assert shown.get("/demo/outage").status_code == 405
    assert not settings.outage_switch.exists()
