import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from mailstore import accounts, requests
from mailstore.accounts import Account
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldRight, MailClass, Summary
from mailstore.mailboxes import Mailbox, Right
from mailstore.policies import PolicyRow
from mailstore.store import Store
from tests.factories import ANNA, BEAT, a_held_delivery
from tests.mailstore.requested import a_request, grant, refuse, risky
from tests.portal.browsing import (
    a_report,
    an_owner,
    enter,
    happened,
    in_english,
    know_device,
    post,
    said,
    told,
)

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

HOSTILE = "<script>alert(1)</script>"


def page(held: Delivery) -> str:
    return f"/quarantine/{held.id}/ask"


def send(client: FlaskClient, held: Delivery, **form: str) -> TestResponse:
    return post(client, page(held), page(held), **form)


@pytest.fixture
def risk(store: Store, anna: Mailbox) -> Delivery:
    return risky(store, anna)


@pytest.fixture(autouse=True)
def _english(browser: FlaskClient) -> None:
    in_english(browser)


def asked(store: Store, held: Delivery) -> requests.ReleaseRequest | None:
    with store.read() as db:
        return requests.of(db, [held.id]).get(held.id)


def test_the_page_says_why_it_is_held_and_to_call_first(
    browser: FlaskClient, risk: Delivery
) -> None:
    text = said(browser.get(page(risk)))
    assert "Call the sender by telephone first." in text
    assert "Why do you expect this message? (optional)" in text
    assert "Plans" in text


def test_asking_is_kept_and_the_page_says_so_from_then_on(
    browser: FlaskClient, store: Store, risk: Delivery
) -> None:
    answer = send(browser, risk, why="An order of mine.\r\nNumber 7.")
    assert "An administrator is told and will answer you." in told(browser, answer)
    request = asked(store, risk)
    assert request
    assert (request.asked_by, request.why) == (ANNA, "An order of mine.\nNumber 7.")
    text = said(browser.get(page(risk)))
    assert "You asked for it" in text
    assert "An administrator will answer." in text
    assert 'name="why"' not in browser.get(page(risk)).text


def test_asking_twice_asks_once(browser: FlaskClient, store: Store, risk: Delivery) -> None:
    send(browser, risk, why="first")
    answer = send(browser, risk, why="second")
    assert "cannot be asked for any more" in told(browser, answer)
    assert len(happened(store, "release_asked")) == 1


@pytest.mark.parametrize("why", ["x" * 501, "a\0b", "a\u202eb"], ids=["long", "NUL", "turned"])
def test_a_text_that_cannot_be_kept_is_told_next_to_the_field(
    browser: FlaskClient, store: Store, risk: Delivery, why: str
) -> None:
    answer = send(browser, risk, why=why)
    assert answer.status_code == 422
    assert "Write at most 500 characters, and no control characters." in said(answer)
    assert asked(store, risk) is None


def test_hostile_texts_are_only_text(browser: FlaskClient, store: Store, anna: Mailbox) -> None:
    held = risky(store, anna, summary=Summary(subject=HOSTILE, author_name=HOSTILE))
    request = a_request(store, held, HOSTILE)
    refuse(store, request, f"{HOSTILE} {{{{ 7 * 7 }}}}")
    answer = browser.get(page(held))
    assert "<script>alert" not in answer.text
    assert said(answer).count(HOSTILE) == 5
    assert "{{ 7 * 7 }}" in said(answer)


@pytest.mark.parametrize(
    ("mail_class", "text"),
    [(MailClass.SPAM, "You can have this message delivered yourself."),
     (MailClass.VIRUS, "This message cannot be asked for.")],
)  # fmt: skip
def test_what_need_not_or_may_not_be_asked_for_has_no_form(
    browser: FlaskClient, store: Store, anna: Mailbox, mail_class: MailClass, text: str
) -> None:
    held = a_held_delivery(store, anna, mail_class=mail_class)
    assert text in said(browser.get(page(held)))
    assert "cannot be asked for any more" in told(browser, send(browser, held))
    assert asked(store, held) is None


def test_what_a_policy_hides_is_not_there(
    browser: FlaskClient, store: Store, risk: Delivery
) -> None:
    with store.write() as db:
        db.execute(
            update(PolicyRow).values({PolicyRow.values: {"rights": {"phish": HeldRight.HIDDEN}}})
        )
    assert browser.get(page(risk)).status_code == 404
    assert send(browser, risk).status_code == 404


@pytest.mark.parametrize(
    ("deed", "text"),
    [(grant, "An administrator had it delivered"), (refuse, "decided not to deliver it")],
)
def test_an_answer_is_shown_with_what_the_administrator_wrote(
    browser: FlaskClient, store: Store, risk: Delivery, deed: object, text: str
) -> None:
    assert callable(deed)
    assert deed(store, a_request(store, risk), "I called them.")
    shown = said(browser.get(page(risk)))
    assert text in shown
    assert "I called them." in shown


def test_mail_that_is_not_held_any_more_cannot_be_asked_for(
    browser: FlaskClient, store: Store, risk: Delivery
) -> None:
    with store.write() as db:
        db.execute(update(Delivery).where(Delivery.id == risk.id).values(state=State.DELETED))
    assert "not in quarantine any more" in said(browser.get(page(risk)))
    assert "cannot be asked for any more" in told(browser, send(browser, risk))


def test_a_delegate_asks_in_their_own_name(
    client: FlaskClient, store: Store, beat: Mailbox, user: Account
) -> None:
    held = risky(store, beat)
    assert client.get(page(held)).status_code == 404
    with store.write() as db:
        accounts.grant(db, user.id, beat.id, Right.DELEGATE)
    send(client, held, why="For Beat.")
    request = asked(store, held)
    assert request
    assert (request.asked_by, request.mailbox_id) == (ANNA, beat.id)


def test_whoever_did_not_ask_sees_who_did(
    app: object, browser: FlaskClient, store: Store, risk: Delivery
) -> None:
    a_request(store, risk, by=BEAT)
    assert f"{BEAT} asked for it" in said(browser.get(page(risk)))


@pytest.mark.parametrize("who", ["admin", "stranger"])
def test_nobody_else_asks_for_a_persons_mail(
    browser: FlaskClient, store: Store, risk: Delivery, request: pytest.FixtureRequest, who: str
) -> None:
    if who == "admin":
        other = request.getfixturevalue("office")
    else:
        other = browser.application.test_client()
        enter(other, store, an_owner(store, request.getfixturevalue("stranger")))
    assert other.get(page(risk)).status_code == 404
    assert send(other, risk).status_code == 404
    assert asked(store, risk) is None


def test_a_link_visitor_signs_in_first(
    browser: FlaskClient, store: Store, anna: Mailbox, risk: Delivery
) -> None:
    guest = browser.application.test_client()
    know_device(guest, store, anna)
    guest.get(a_report(store, anna).quarantine)
    answer = guest.get(page(risk))
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in")
    assert send(guest, risk).status_code == 401
    assert asked(store, risk) is None
