from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from mailstore.accounts import Account
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldRight, MailClass
from mailstore.mailboxes import Mailbox
from mailstore.search.grammar import understood
from mailstore.search.indexing import index_mail
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.languages import SPOKEN
from portal.mails import translations
from tests.factories import NOON, a_held_delivery, an_accepted
from tests.portal.browsing import following, listed, said
from tests.portal.mails import become, mail, many, stored
from tests.portal.test_held_rights import permit
from tests.portal.test_refused import refuse

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

EXAMPLES = ["invoice crane", "from:anna", "to:sales", "subject:offer", "has:attachment",
            "after:yesterday", "is:unread", "larger:2MB", "-advert"]  # fmt: skip
ZURICH = ZoneInfo("Europe/Zurich")


@pytest.fixture
def copy(store: Store, anna: Mailbox) -> Delivery:
    return stored(store, anna, mail(body="Der Kran für Zürich kommt.\r\n".encode()))


def find(browser: FlaskClient, text: str = "") -> str:
    return said(browser.get("/find", query_string={"q": text} if text else {}))


@pytest.mark.usefixtures("copy")
def test_a_mail_is_found_by_words_of_its_body(browser: FlaskClient, store: Store) -> None:
    index_mail(store)
    for text in ("kran", "Zuerich kommt", "zürich", "from:bob betreff:plans"):
        assert "Bob" in find(browser, text)
    assert "Nichts gefunden" in find(browser, "bagger")


@pytest.mark.parametrize(
    ("state", "reply", "words"),
    [
        (State.QUEUED, "", ["wartet seit", "Sie müssen nichts tun"]),
        (State.DELIVERED, "250 ok", ["angenommen: 12:00:00", "Erneut zustellen lassen"]),
        (
            State.FAILED,
            "550 5.1.1 no <b>",
            ["abgelehnt", "550 5.1.1 no <b>", "Erneut zustellen lassen"],
        ),
        (State.RELEASING, "", ["noch einmal geprüft"]),
        (State.DELETED, "", ["Tage sind vorbei", "erneut zu senden"]),
    ],
    ids=lambda each: each.value if isinstance(each, State) else "",
)
@pytest.mark.usefixtures("clock")
def test_each_fate_is_said_with_the_next_step(
    browser: FlaskClient, store: Store, copy: Delivery, state: State, reply: str, words: list[str]
) -> None:
    become(store, copy, state, reply=reply, done_at=NOON - timedelta(hours=1))
    text = find(browser)
    for each in words:
        assert each in text


def test_held_mail_says_why_and_leads_to_the_quarantine(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    held = a_held_delivery(store, anna)
    page = browser.get("/find")
    assert "Sie wird zurückgehalten" in said(page)
    assert f'href="/quarantine/{held.id}"' in page.text


def test_refused_mail_says_why_and_what_its_sender_was_told(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    refuse(store, anna, "mandatory rule FORGED_SENDER_DOMAIN", reply="550 5.7.1 Forged <x>")
    text = find(browser, "plans")
    for words in ("abgewiesen", "Secret plans", "550 5.7.1 Forged <x>"):
        assert words in text


def test_what_may_not_be_seen_is_not_found(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    permit(store, anna, MailClass.SPAM, HeldRight.HIDDEN)
    a_held_delivery(store, anna)
    an_accepted(store, beat)
    assert "Keine Nachrichten" in find(browser)


def test_a_long_list_goes_on_page_by_page(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    ids = many(store, anna, 53, held=False)[::-1]
    first = browser.get("/find")
    assert listed(first) == ids[:50]
    assert listed(browser.get(following(first))) == ids[50:]


@pytest.mark.parametrize("after", ["x", "2026-11-24T12:00:00+00:00_x_1", "a_d_1", "_r_", "1_2_3_4"])
def test_a_place_that_is_none_is_refused(browser: FlaskClient, after: str) -> None:
    assert browser.get("/find", query_string={"after": after}).status_code == 400


@pytest.mark.parametrize(
    "text", ["before:gestan", "larger:viel", '" AND NEAR(', "\0'; DROP", "* ( ) :"]
)
def test_whatever_is_typed_gets_an_answer(browser: FlaskClient, copy: Delivery, text: str) -> None:
    answer = browser.get("/find", query_string={"q": text})
    assert answer.status_code == 200
    assert ("hat es niemand verstanden" in said(answer)) == (text[:6] in ("before", "larger"))


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_of_the_help_is_understood(language: str, example: str) -> None:
    told = translations(language).gettext(example)
    asked, meant = (understood(each, NOON, ZURICH) for each in (told, example))
    assert not asked.not_understood
    for name in ("after", "larger", "attachment", "unread"):
        assert getattr(asked, name) == getattr(meant, name)
    assert [(each.field, each.negated) for each in asked.terms] == [
        (each.field, each.negated) for each in meant.terms
    ]


def test_the_help_shows_these_examples(browser: FlaskClient) -> None:
    browser.set_cookie("language", "en")
    text = find(browser)
    assert all(each in text for each in EXAMPLES)


def test_a_mail_that_was_found_leads_back_to_the_search(
    browser: FlaskClient, copy: Delivery
) -> None:
    page = browser.get("/find?q=bob").text
    assert f'href="/webmail/m/{copy.id}?back=/find%3Fq%3Dbob"' in page
    mail_page = browser.get(f"/webmail/m/{copy.id}?back=/find%3Fq%3Dbob").text
    assert f'href="/find?q=bob#m{copy.id}"' in mail_page


def test_with_the_webmail_off_delivered_mail_is_told_of_and_not_opened(
    browser: FlaskClient, store: Store, anna: Mailbox, copy: Delivery
) -> None:
    become(store, copy, State.DELIVERED, done_at=NOON)
    with store.write() as db:
        db.get_one(Tenant, anna.tenant_id).webmail_on = False
    page = browser.get("/find")
    assert "angenommen" in said(page)
    assert f"/webmail/m/{copy.id}" not in page.text


def test_who_came_by_a_link_finds_too(guest: FlaskClient, copy: Delivery) -> None:
    assert "Bob" in find(guest, "plans")


def test_who_is_not_signed_in_finds_nothing(client: FlaskClient, user: Account) -> None:
    assert client.get("/find").status_code == 303
