import pytest
from flask.testing import FlaskClient

from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass, Summary
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from portal.content.turns import TURNS
from tests.factories import ANNA, a_held_delivery, an_accepted
from tests.mailstore.holding import held_from
from tests.portal.browsing import in_english, listed, said
from tests.portal.mails import become, mail, stored

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

BIDI = frozenset(map(chr, TURNS))
HOSTILE = "<script>alert(1)</script>\"'<img src=x>&amp;"
FOUND = [["GTUBE", "in the body", 1000.0]]


@pytest.fixture(autouse=True)
def _english(client: FlaskClient) -> None:
    in_english(client)


@pytest.mark.usefixtures("clock")
def test_the_list_says_who_wrote_what_to_whom_why_it_is_held_and_how_long(
    store: Store, browser: FlaskClient, anna: Mailbox
) -> None:
    held_from(store, anna, "bob@there.example", "Bob", symbols=FOUND)
    text = said(browser.get("/quarantine/"))
    for words in ("Quarantine", "Bob bob@there.example", "Plans", "spam", f"to {ANNA}", "13:00",
                  "It contains the test string for spam filters.", "is deleted on Dec 24",
                  "Deliver", "Delete"):  # fmt: skip
        assert words in text


@pytest.mark.usefixtures("clock")
def test_the_list_says_it_in_german_too(store: Store, browser: FlaskClient, anna: Mailbox) -> None:
    held_from(store, anna, "bob@there.example", "Bob", symbols=FOUND)
    browser.set_cookie("language", "de")
    text = said(browser.get("/quarantine/"))
    for words in ("Quarantäne", "Bob bob@there.example", "Spam", f"an {ANNA}", "13:00",
                  "Sie enthält die Zeichenfolge, mit der man Spamfilter prüft.",
                  "24. Dez.", "Zustellen", "Löschen"):  # fmt: skip
        assert words in text


@pytest.mark.parametrize("path", ["/quarantine/", "/quarantine/{}"], ids=["list", "mail"])
def test_the_alias_and_the_senders_other_address_are_shown(
    store: Store, browser: FlaskClient, anna: Mailbox, path: str
) -> None:
    held = held_from(store, anna, sender="x@relay.example", recipient="Info@muster.example")
    text = said(browser.get(path.format(held)))
    assert "Info@muster.example" in text
    assert "bob@there.example sent by x@relay.example" in text


def test_an_empty_list_says_that_nothing_is_held(browser: FlaskClient) -> None:
    assert "Nothing is held" in said(browser.get("/quarantine/"))
    assert "Nothing here yet" in said(browser.get("/quarantine/?show=over"))


@pytest.mark.parametrize("path", ["/quarantine/", "/quarantine/{}"], ids=["list", "mail"])
def test_what_others_wrote_is_text_and_no_markup(
    browser: FlaskClient, store: Store, anna: Mailbox, path: str
) -> None:
    summary = Summary(author_name=HOSTILE, subject=HOSTILE, snippet=HOSTILE, message_id=HOSTILE)
    held = a_held_delivery(store, anna, summary=summary)
    become(store, held, State.QUARANTINED, symbols=[["GTUBE", HOSTILE, 1.0]])
    page = browser.get(path.format(held.id)).text
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&lt;img src=x&gt;&amp;amp;" in page


@pytest.mark.parametrize("path", ["/quarantine/", "/quarantine/{}"], ids=["list", "mail"])
def test_no_character_turns_the_direction_of_the_page(
    browser: FlaskClient, store: Store, anna: Mailbox, path: str
) -> None:
    raw = mail(body=b"x\r\n").replace(b"Plans", "x\u202egpj.exe\u2066\u200f".encode())
    held = stored(store, anna, raw.replace(b"Bob", "B\u202eob".encode()), held=True)
    page = browser.get(path.format(held.id)).text
    assert not BIDI & {*page}


def test_a_mail_without_author_and_subject_can_be_found_and_opened(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    held = held_from(store, anna, "", "", "", sender="")
    page = browser.get("/quarantine/")
    assert "(no subject)" in said(page)
    assert "unknown sender" in said(page)
    assert listed(page) == [held]


def test_a_mail_says_why_it_is_held_and_what_was_found(
    browser: FlaskClient, store: Store, held: Delivery
) -> None:
    found = [["GTUBE", "in the body", 1000.0], ["UNHEARD_OF", "", -0.5]]
    become(store, held, State.QUARANTINED, symbols=found)
    text = said(browser.get(f"/quarantine/{held.id}"))
    for words in ("Why it is held", "spam filters", "GTUBE +1000.0 in the body", "UNHEARD_OF -0.5",
                  "Shall we meet at noon?", "Deliver", "Delete", "It is spam", "Allow sender",
                  "Block sender"):  # fmt: skip
        assert words in text


@pytest.mark.parametrize(
    ("reason", "words"),
    [("blocked author", "blocked senders"), ("could not be examined", "examined completely"),
     ("score", "Several small signs")],
)  # fmt: skip
def test_a_mail_that_no_rule_speaks_against_says_what_decided(
    browser: FlaskClient, store: Store, held: Delivery, reason: str, words: str
) -> None:
    become(store, held, State.QUARANTINED, reason=reason)
    for path in ("/quarantine/", f"/quarantine/{held.id}"):
        assert words in said(browser.get(path))


def test_mail_that_was_never_held_is_no_part_of_the_quarantine(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    copy = an_accepted(store, anna)
    assert browser.get(f"/quarantine/{copy.id}").status_code == 404
    become(store, copy, State.DELIVERED)
    assert browser.get(f"/quarantine/{copy.id}").status_code == 404
    assert listed(browser.get("/quarantine/?show=over")) == []


@pytest.mark.parametrize(
    ("state", "words"),
    [(State.DELIVERED, "delivered"), (State.DELETED, "deleted"), (State.QUEUED, "waiting"),
     (State.RELEASING, "being checked once more"),
     (State.FAILED, "refused by your mail server")],
)  # fmt: skip
def test_what_is_held_no_more_is_listed_apart_with_what_became_of_it(
    browser: FlaskClient, store: Store, anna: Mailbox, held: Delivery, state: State, words: str
) -> None:
    become(store, held, state)
    other = held_from(store, anna)
    page = browser.get("/quarantine/?show=over")
    assert listed(page) == [held.id]
    assert words in said(page)
    assert f"{held.id}/release" not in page.text
    assert listed(browser.get("/quarantine/")) == [other]


def test_a_mail_that_is_held_no_more_offers_no_deed(
    browser: FlaskClient, store: Store, held: Delivery
) -> None:
    become(store, held, State.DELIVERED)
    page = browser.get(f"/quarantine/{held.id}")
    assert "not in quarantine any more" in said(page)
    for deed in ("release", "delete", "spam"):
        assert f"/quarantine/{held.id}/{deed}" not in page.text


RISKY = {
    MailClass.PHISH: "An administrator must deliver this message.",
    MailClass.DANGEROUS: "An administrator must deliver this message.",
    MailClass.VIRUS: "This message is never delivered.",
}


@pytest.mark.parametrize("mail_class", list(RISKY))
def test_a_risky_mail_has_no_button_that_delivers_it(
    browser: FlaskClient, store: Store, anna: Mailbox, mail_class: MailClass
) -> None:
    held = a_held_delivery(store, anna, mail_class=mail_class)
    pages = [browser.get(path) for path in ("/quarantine/", f"/quarantine/{held.id}")]
    for page in pages:
        assert f"{held.id}/delete" in page.text
        assert f"{held.id}/release" not in page.text
        assert f"{held.id}/allowed" not in page.text
        asked_for = f"{held.id}/ask" in page.text
        assert asked_for is (mail_class is not MailClass.VIRUS)
    assert RISKY[mail_class] in said(pages[1])


def test_the_home_page_counts_what_is_held(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    assert "Nothing is held" in said(browser.get("/"))
    a_held_delivery(store, anna)
    assert "1 message is held" in said(browser.get("/"))
    a_held_delivery(store, anna)
    assert "2 messages are held" in said(browser.get("/"))
