import pytest
from flask import Flask
from flask.testing import FlaskClient

from mailstore.accounts import Account, Role
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.factories import a_held_delivery, a_mailbox, an_accepted
from tests.portal.browsing import (
    an_owner,
    enter,
    happened,
    in_english,
    listed,
    post,
    said,
    state,
    told,
)

PAGE = "/admin/held/"
REASON = "Anna asked me on the telephone."


@pytest.fixture
def keeper(app: Flask, store: Store, beat: Mailbox) -> FlaskClient:
    """Return a browser in which the quarantine administrator, Beat, is signed in."""
    client = in_english(app.test_client())
    enter(client, store, an_owner(store, beat, role=Role.QUARANTINE_ADMIN))
    return client


def page_of(delivery: Delivery) -> str:
    return f"{PAGE}{delivery.id}"


def test_held_mail_of_all_people_of_the_tenant_is_found(
    keeper: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox, stranger: Mailbox
) -> None:
    fraud = a_held_delivery(store, anna, mail_class=MailClass.PHISH)
    spam = a_held_delivery(store, beat)
    an_accepted(store, anna)
    a_held_delivery(store, stranger)
    assert set(listed(keeper.get(PAGE))) == {fraud.id, spam.id}
    assert listed(keeper.get(f"{PAGE}?class=phish")) == [fraud.id]
    assert listed(keeper.get(f"{PAGE}?q=plans+bob")) == listed(keeper.get(PAGE))
    assert listed(keeper.get(f"{PAGE}?q=nothing")) == []
    assert keeper.get(f"{PAGE}?class=x").status_code == 400


@pytest.mark.parametrize("mail_class", [MailClass.SPAM, MailClass.PHISH, MailClass.DANGEROUS])
def test_it_is_delivered_without_anybody_reading_it(
    keeper: FlaskClient, store: Store, anna: Mailbox, mail_class: MailClass
) -> None:
    held = a_held_delivery(store, anna, mail_class=mail_class)
    assert "Shall we meet" not in keeper.get(page_of(held)).text
    answer = post(keeper, f"{page_of(held)}/deliver", page_of(held))
    assert "scanned once more" in told(keeper, answer)
    assert state(store, held) is State.RELEASING
    (event,) = happened(store, "released")
    assert (event.by, event.mailbox_id) == ("beat@muster.example", anna.id)


def test_a_virus_is_delivered_to_nobody(keeper: FlaskClient, store: Store, anna: Mailbox) -> None:
    held = a_held_delivery(store, anna, mail_class=MailClass.VIRUS)
    assert f"{page_of(held)}/deliver" not in keeper.get(page_of(held)).text
    post(keeper, f"{page_of(held)}/deliver", page_of(held))
    assert state(store, held) is State.QUARANTINED


def test_it_is_deleted(keeper: FlaskClient, store: Store, held: Delivery) -> None:
    assert "is deleted" in told(keeper, post(keeper, f"{page_of(held)}/delete", page_of(held)))
    assert state(store, held) is State.DELETED


def test_nothing_is_shown_before_the_reason_is_on_record(
    keeper: FlaskClient, store: Store, held: Delivery
) -> None:
    page = page_of(held)
    assert keeper.get(f"{page}/body").status_code == 404
    assert post(keeper, f"{page}/read", page, reason="no").status_code == 422
    assert happened(store, "content_read") == []
    shown = keeper.get(post(keeper, f"{page}/read", page, reason=REASON).location)
    assert "Shall we meet at noon?" in said(shown)
    (event,) = happened(store, "content_read")
    assert event.detail == {"access": "held mail", "request": None, "reason": REASON}


@pytest.mark.parametrize("alone", [False, True])
def test_what_is_risky_and_for_oneself_somebody_else_decides(
    keeper: FlaskClient, store: Store, beat: Mailbox, alone: bool
) -> None:
    if not alone:
        with store.write() as db:
            boss = a_mailbox(db, "boss@muster.example")
        an_owner(store, boss, role=Role.ADMIN)
    own = a_held_delivery(store, beat, mail_class=MailClass.PHISH)
    assert ("another administrator decides" in said(keeper.get(page_of(own)))) is not alone
    post(keeper, f"{page_of(own)}/deliver", page_of(own))
    assert state(store, own) is (State.RELEASING if alone else State.QUARANTINED)


@pytest.mark.parametrize("role", [Role.USER, Role.DOMAIN_ADMIN])
def test_nobody_else_sees_held_mail_of_others(
    app: Flask, store: Store, held: Delivery, beat: Mailbox, role: Role
) -> None:
    client = app.test_client()
    enter(client, store, an_owner(store, beat, role=role))
    for path in (PAGE, page_of(held), f"{page_of(held)}/body"):
        assert client.get(path).status_code == 404
    for deed in ("deliver", "delete", "read"):
        form = {"reason": REASON}
        answer = post(client, f"{page_of(held)}/{deed}", "/profile/contact", **form)
        assert answer.status_code == 404
    assert state(store, held) is State.QUARANTINED


def test_mail_of_another_tenant_is_not_there(
    keeper: FlaskClient, store: Store, stranger: Mailbox, user: Account
) -> None:
    foreign = a_held_delivery(store, stranger)
    assert keeper.get(page_of(foreign)).status_code == 404
    assert post(keeper, f"{page_of(foreign)}/deliver", PAGE).status_code == 404
    assert state(store, foreign) is State.QUARANTINED
