"""The box of what was done just now: the newest deed, the earlier ones, and what became of mail."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from mailstore import listundo, senders
from mailstore.accounts import Account
from mailstore.bulk import run_bulk
from mailstore.deliveries import Delivery, State
from mailstore.mailboxes import Mailbox
from mailstore.senders import Listed, Owner, Wish
from mailstore.store import Store
from tests.databases import asked
from tests.factories import a_held_delivery
from tests.portal.browsing import in_english, post, said
from tests.portal.mails import become
from tests.portal.test_queries import MOST

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

QUARANTINE = "/quarantine/"
ENDS = (State.DELIVERED, State.DELIVERED, State.FAILED, State.QUARANTINED)
WORDS = "2 delivered, 1 refused by your mail server, 1 held again. No longer held"


@pytest.fixture(autouse=True)
def _english(client: FlaskClient) -> None:
    in_english(client)


def release(browser: FlaskClient, how: str, held: list[Delivery]) -> str:
    """Release mails, and return where it is said what becomes of them."""
    if how == "several":
        ids = [str(each.id) for each in held]
        post(browser, "/quarantine/chosen", QUARANTINE, deed="release", m=ids)
        return QUARANTINE
    return post(browser, "/quarantine/all", QUARANTINE, deed="release").location


@pytest.mark.parametrize("how", ["several", "all"])
def test_what_became_of_many_is_said_by_state(
    browser: FlaskClient, store: Store, anna: Mailbox, how: str
) -> None:
    held = [a_held_delivery(store, anna) for _ in ENDS]
    page = release(browser, how, held)
    if how == "all":
        run_bulk(store, int(page.rpartition("/")[2]))
    assert "4 being checked once more." in said(browser.get(page))
    assert "data-live" in browser.get(page).text
    for each, state in zip(held, ENDS, strict=True):
        become(store, each, state)
    with asked(store) as questions:
        answer = browser.get(QUARANTINE)
    assert len(questions) <= MOST
    for shown in (answer, browser.get(page)):
        assert WORDS in said(shown)
        assert 'href="/quarantine/?show=over"' in shown.text
        assert "data-live" not in shown.text


def test_a_release_that_the_check_stopped_says_why(
    browser: FlaskClient, store: Store, held: Delivery
) -> None:
    post(browser, f"/quarantine/{held.id}/release", QUARANTINE)
    become(store, held, State.QUARANTINED)
    with store.write() as db:
        reason = "could not be scanned"
        db.execute(update(Delivery).where(Delivery.id == held.id).values(reason=reason))
    text = said(browser.get("/profile/senders/", follow_redirects=True))
    assert "The check before delivery stopped it, so it is held again." in text
    assert "It could not be checked for viruses before delivery" in text


def box(browser: FlaskClient) -> tuple[str, str]:
    """Return the newest deed of the box, and the earlier ones."""
    newest, _, earlier = browser.get("/quarantine/recent").text.partition("</section>")
    return newest, earlier


def test_only_the_newest_deed_is_told_aloud_and_the_others_stand_beneath(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    first, second = (a_held_delivery(store, anna) for _ in range(2))
    post(browser, f"/quarantine/{first.id}/delete", QUARANTINE)
    assert "Earlier" not in said(browser.get(QUARANTINE))
    post(browser, f"/quarantine/{second.id}/spam", QUARANTINE)
    newest, earlier = box(browser)
    assert 'role="status"' in newest
    assert "Deleted as spam: Plans" in newest
    assert "role" not in earlier
    assert "Deleted: Plans" in earlier


def test_what_goes_on_among_the_earlier_deeds_is_followed_too(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    first, second = (a_held_delivery(store, anna) for _ in range(2))
    post(browser, f"/quarantine/{first.id}/release", QUARANTINE)
    post(browser, f"/quarantine/{second.id}/delete", QUARANTINE)
    newest, earlier = box(browser)
    assert "data-live" not in newest
    assert 'id="earlier" data-live="/quarantine/recent"' in earlier


def test_a_file_of_senders_is_one_line_with_its_count(
    browser: FlaskClient, store: Store, anna: Mailbox, user: Account
) -> None:
    owner, file = Owner(anna.tenant_id, mailbox_id=anna.id), listundo.new_file()
    with store.write() as db:
        for number in range(3):
            wish = Wish(Listed.ALLOWED, f"{number}.example")
            senders.enter(db, owner, wish, by=user.email, file=file)
        listundo.note_file(db, owner, file, 3, by=user.email)
    text = said(browser.get(f"/profile/senders/{anna.id}"))
    assert "3 entries of a file are on your list. Undo" in text
    assert "Allowed:" not in text
