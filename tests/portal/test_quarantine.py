import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from mailstore.accounts import Account
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass, Summary
from mailstore.mailboxes import Mailbox
from mailstore.quarantine import SELF_SERVICE
from mailstore.senders import Listed, SenderEntry
from mailstore.store import Store
from portal.sight import TURNS
from tests.factories import ANNA, RecordedJobs, a_held_delivery, an_accepted
from tests.portal.browsing import following, happened, listed, post, said, state, told
from tests.portal.mails import become, mail, many, stored

BIDI = frozenset(map(chr, TURNS))

RISKY = sorted(set(MailClass) - SELF_SERVICE - {MailClass.REPORT})
HOSTILE = "<script>alert(1)</script>\"'<img src=x>&amp;"


def find(store: Store, delivery: Delivery, *symbols: tuple[str, str, float]) -> None:
    """Say what was found in a mail."""
    with store.write() as db:
        db.get_one(Delivery, delivery.id).symbols = [list(each) for each in symbols]


def entries(store: Store) -> list[tuple[int | None, Listed, str]]:
    with store.read() as db:
        found = db.scalars(select(SenderEntry))
        return [(each.mailbox_id, each.listed, each.pattern) for each in found]


@pytest.mark.usefixtures("clock")
def test_the_list_says_in_german_who_wrote_what_why_it_is_held_and_how_long(
    store: Store, browser: FlaskClient, held: Delivery
) -> None:
    find(store, held, ("GTUBE", "", 1000.0))
    text = said(browser.get("/quarantine/"))
    for words in ("Quarantäne", "Bob bob@there.example", "Plans", "Spam", f"an {ANNA}", "13:00",
                  "Sie enthält die Zeichenfolge, mit der man Spamfilter prüft.",
                  "wird am 24. Dez. gelöscht", "Zustellen", "Löschen"):  # fmt: skip
        assert words in text


@pytest.mark.usefixtures("clock")
def test_the_list_says_the_same_in_english(
    store: Store, browser: FlaskClient, held: Delivery
) -> None:
    find(store, held, ("GTUBE", "", 1000.0))
    browser.set_cookie("language", "en")
    text = said(browser.get("/quarantine/"))
    for words in ("Quarantine", "Bob bob@there.example", "Plans", "spam", f"to {ANNA}", "13:00",
                  "It contains the test string for spam filters.", "is deleted on Dec 24",
                  "Deliver", "Delete"):  # fmt: skip
        assert words in text


def test_an_empty_list_says_that_nothing_is_held(browser: FlaskClient) -> None:
    assert "Nichts zurückgehalten" in said(browser.get("/quarantine/"))


@pytest.mark.parametrize("path", ["/quarantine/", "/quarantine/{}"], ids=["list", "mail"])
def test_what_others_wrote_is_text_and_no_markup(
    browser: FlaskClient, store: Store, anna: Mailbox, path: str
) -> None:
    summary = Summary(author_name=HOSTILE, subject=HOSTILE, snippet=HOSTILE, message_id=HOSTILE)
    held = a_held_delivery(store, anna, summary=summary)
    find(store, held, ("GTUBE", HOSTILE, 1.0))
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
    held = stored(store, anna, b"\r\nx\r\n", held=True)
    with store.write() as db:
        held.message.sender = ""
        db.merge(held.message)
    text = said(browser.get("/quarantine/"))
    assert "(kein Betreff)" in text
    assert "unbekannter Absender" in text
    assert f'href="/quarantine/{held.id}"' in browser.get("/quarantine/").text


def test_a_long_list_is_shown_page_by_page_newest_first(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    ids = many(store, anna, 53, held=True)[::-1]
    first = browser.get("/quarantine/")
    assert listed(first) == ids[:50]
    second = browser.get(following(first))
    assert listed(second) == ids[50:]
    assert not following(second)
    assert "Neueste Nachrichten" in said(second)


def test_a_page_past_the_end_is_empty(browser: FlaskClient, held: Delivery) -> None:
    assert listed(browser.get("/quarantine/?after=2001-01-01T00:00:00Z_1")) == []


def test_a_mail_says_why_it_is_held_and_what_was_found(
    browser: FlaskClient, store: Store, held: Delivery
) -> None:
    find(store, held, ("GTUBE", "in the body", 1000.0), ("UNHEARD_OF", "", -0.5))
    text = said(browser.get(f"/quarantine/{held.id}"))
    for words in ("Warum sie zurückgehalten ist", "Spamfilter", "GTUBE +1000,0 in the body",
                  "UNHEARD_OF -0,5", "Shall we meet at noon?", "Zustellen", "Löschen",
                  "Absender zulassen und zustellen"):  # fmt: skip
        assert words in text


@pytest.mark.parametrize(
    ("reason", "words"),
    [("blocked author", "gesperrt"), ("could not be examined", "nicht vollständig prüfen"),
     ("score", "Mehrere kleine Auffälligkeiten")],
)  # fmt: skip
def test_a_mail_that_no_rule_speaks_against_says_what_decided(
    browser: FlaskClient, store: Store, held: Delivery, reason: str, words: str
) -> None:
    with store.write() as db:
        db.get_one(Delivery, held.id).reason = reason
    for path in ("/quarantine/", f"/quarantine/{held.id}"):
        assert words in said(browser.get(path))


def test_releasing_sends_the_mail_once_and_says_so(
    browser: FlaskClient, store: Store, jobs: RecordedJobs, held: Delivery, user: Account
) -> None:
    path = f"/quarantine/{held.id}/release"
    first, second = (told(browser, post(browser, path, "/quarantine/")) for _ in range(2))
    assert "Die Nachricht ist unterwegs zu Ihnen." in first
    assert "Diese Nachricht ist nicht mehr in der Quarantäne." in second
    assert state(store, held) is State.QUEUED
    assert jobs.asked == [("drain", held.lane_id)]
    assert [event.by for event in happened(store, "released")] == [user.email]


def test_a_released_mail_is_not_listed_but_can_still_be_looked_at(
    browser: FlaskClient, held: Delivery
) -> None:
    post(browser, f"/quarantine/{held.id}/release", "/quarantine/")
    assert listed(browser.get("/quarantine/")) == []
    text = said(browser.get(f"/quarantine/{held.id}"))
    assert "nicht mehr in der Quarantäne" in text
    assert "Zustellen" not in text


def test_deleting_takes_the_mail_away_once_and_says_so(
    browser: FlaskClient, store: Store, jobs: RecordedJobs, held: Delivery, user: Account
) -> None:
    path = f"/quarantine/{held.id}/delete"
    first, second = (told(browser, post(browser, path, "/quarantine/")) for _ in range(2))
    assert "Die Nachricht ist gelöscht." in first
    assert "Diese Nachricht ist nicht mehr in der Quarantäne." in second
    assert state(store, held) is State.DELETED
    assert jobs.asked == []
    assert [event.by for event in happened(store, "deleted")] == [user.email]


def test_a_deleted_mail_cannot_be_released(
    browser: FlaskClient, store: Store, held: Delivery
) -> None:
    post(browser, f"/quarantine/{held.id}/delete", "/quarantine/")
    post(browser, f"/quarantine/{held.id}/release", "/quarantine/")
    assert state(store, held) is State.DELETED


def test_allowing_notes_the_author_for_this_mailbox_and_sends_the_mail(
    browser: FlaskClient, store: Store, jobs: RecordedJobs, held: Delivery, anna: Mailbox
) -> None:
    find(store, held, ("AUTHENTICATED", "dkim", 0.0))
    answer = post(browser, f"/quarantine/{held.id}/allow", f"/quarantine/{held.id}")
    assert "bob@there.example ist ab jetzt zugelassen" in told(browser, answer)
    assert entries(store) == [(anna.id, Listed.ALLOWED, "bob@there.example")]
    assert state(store, held) is State.QUEUED
    assert jobs.asked == [("drain", held.lane_id)]
    assert len(happened(store, "sender_allowed")) == 1


def test_allowing_an_author_whom_nothing_proves_says_when_it_will_count(
    browser: FlaskClient, store: Store, held: Delivery
) -> None:
    browser.set_cookie("language", "en")
    answer = post(browser, f"/quarantine/{held.id}/allow", f"/quarantine/{held.id}")
    assert "allowed once you allow a message that is proven" in told(browser, answer)
    assert state(store, held) is State.QUEUED


def test_allowing_twice_notes_and_sends_nothing_more(
    browser: FlaskClient, store: Store, jobs: RecordedJobs, held: Delivery
) -> None:
    for _ in range(2):
        post(browser, f"/quarantine/{held.id}/allow", f"/quarantine/{held.id}")
    assert len(entries(store)) == 1
    assert len(jobs.asked) == 1


def test_a_mail_of_nobody_can_be_delivered_but_its_author_not_allowed(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    held = a_held_delivery(store, anna, summary=Summary(subject="x"))
    assert "Absender zulassen" not in said(browser.get(f"/quarantine/{held.id}"))
    answer = post(browser, f"/quarantine/{held.id}/allow", f"/quarantine/{held.id}")
    assert "lässt sich nicht zulassen" in told(browser, answer)
    assert entries(store) == []
    assert state(store, held) is State.QUARANTINED


@pytest.mark.parametrize("mail_class", RISKY)
def test_a_risky_mail_has_no_button_that_delivers_it(
    browser: FlaskClient, store: Store, anna: Mailbox, mail_class: MailClass
) -> None:
    held = a_held_delivery(store, anna, mail_class=mail_class)
    for path in ("/quarantine/", f"/quarantine/{held.id}"):
        page = browser.get(path)
        assert f"/quarantine/{held.id}/delete" in page.text
        assert f"/quarantine/{held.id}/release" not in page.text
        assert f"/quarantine/{held.id}/allow" not in page.text
        assert "nur ihre it" in said(page).lower()


@pytest.mark.parametrize("deed", ["release", "allow"])
@pytest.mark.parametrize("mail_class", RISKY)
def test_a_risky_mail_is_not_delivered_by_who_asks_all_the_same(
    browser: FlaskClient, store: Store, anna: Mailbox, mail_class: MailClass, deed: str
) -> None:
    held = a_held_delivery(store, anna, mail_class=mail_class)
    post(browser, f"/quarantine/{held.id}/{deed}", "/quarantine/")
    assert state(store, held) is State.QUARANTINED
    assert entries(store) == []


def test_an_administrator_is_a_person_too_and_releases_no_risky_mail(
    office: FlaskClient, store: Store, beat: Mailbox
) -> None:
    held = a_held_delivery(store, beat, mail_class=MailClass.PHISH)
    post(office, f"/quarantine/{held.id}/release", "/quarantine/")
    assert state(store, held) is State.QUARANTINED


def test_mail_that_was_never_held_is_no_part_of_the_quarantine(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    copy = an_accepted(store, anna)
    assert browser.get(f"/quarantine/{copy.id}").status_code == 404
    become(store, copy, State.DELIVERED)
    assert browser.get(f"/quarantine/{copy.id}").status_code == 404


def test_the_home_page_counts_what_is_held(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    assert "Nichts zurückgehalten" in said(browser.get("/"))
    a_held_delivery(store, anna)
    assert "1 Nachricht ist zurückgehalten" in said(browser.get("/"))
    a_held_delivery(store, anna)
    assert "2 Nachrichten sind zurückgehalten" in said(browser.get("/"))
