import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from time_machine import Traveller
from werkzeug.test import TestResponse

from mailstore.accounts import Account
from mailstore.bulk import Bulk, run_bulk
from mailstore.deliveries import State
from mailstore.envelopes import HeldRight, MailClass
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.undo import FOR
from tests.factories import RecordedJobs, a_held_delivery
from tests.mailstore.holding import delegate, held_from, let, lines, shut_out, states
from tests.portal.browsing import Links, an_owner, enter, in_english, know_device, post, said, told

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

HELD, DELETED, RELEASING = State.QUARANTINED, State.DELETED, State.RELEASING
ALL = "/quarantine/all"


@pytest.fixture(autouse=True)
def _english(client: FlaskClient) -> None:
    in_english(client)


def begin(browser: FlaskClient, deed: str, query: str = "") -> TestResponse:
    return post(browser, f"{ALL}?{query}", "/quarantine/", deed=deed)


def worked_off(browser: FlaskClient, store: Store, answer: TestResponse) -> str:
    """Do what an answer leads to as a worker does, and return what its page says."""
    assert answer.status_code == 303
    run_bulk(store, int(path_of(answer).rpartition("/")[2]))
    return told(browser, answer)


def path_of(answer: TestResponse) -> str:
    """Return where an answer leads to, less the place that one came from."""
    return answer.location.partition("?")[0]


def begun(store: Store) -> int:
    with store.read() as db:
        return db.scalars(select(Bulk.id).order_by(Bulk.id.desc())).first() or 0


def test_all_that_match_are_counted_before_anything_is_done(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    ids = [held_from(store, anna, subject=each) for each in ("Lunch", "Lunch", "Dinner")]
    page = browser.get(f"{ALL}?q=lunch&sort=author")
    assert "What is to be done with 2 messages?" in said(page)
    assert f'action="{ALL}?q=lunch&amp;sort=author"' in page.text
    assert "for you, on every page" in said(browser.get(ALL))
    assert states(store, *ids) == [HELD] * 3


@pytest.mark.parametrize(
    ("deed", "became", "words"),
    [("release", RELEASING, "2 of 2 messages are released."),
     ("delete", DELETED, "2 of 2 messages are deleted."),
     ("spam", DELETED, "2 of 2 messages are deleted.")],
)  # fmt: skip
def test_it_is_done_with_what_matches_and_the_page_says_how_far_it_is(
    browser: FlaskClient, store: Store, anna: Mailbox, deed: str, became: State, words: str
) -> None:
    ids = [held_from(store, anna, subject=each) for each in ("Lunch", "Lunch", "Dinner")]
    answer = begin(browser, deed, "q=lunch")
    page = browser.get(answer.location)
    assert "Work in progress" in said(page)
    assert f"0 of 2 messages are {'released' if deed == 'release' else 'deleted'}." in said(page)
    assert "refresh" in page.text.lower() + str(page.headers).lower()
    text = worked_off(browser, store, answer)
    assert f"Done {words}" in text
    assert states(store, *ids) == [became, became, HELD]


def test_the_worker_is_asked_at_once(
    browser: FlaskClient, store: Store, anna: Mailbox, jobs: RecordedJobs
) -> None:
    a_held_delivery(store, anna)
    begin(browser, "delete")
    assert jobs.asked == [("run_bulk", begun(store))]


def test_mail_that_comes_meanwhile_stays(browser: FlaskClient, store: Store, anna: Mailbox) -> None:
    first = a_held_delivery(store, anna).id
    answer = begin(browser, "delete")
    later = a_held_delivery(store, anna).id
    assert "1 of 1 messages" in worked_off(browser, store, answer)
    assert states(store, first, later) == [DELETED, HELD]


def test_what_only_an_administrator_may_deliver_stays_held_and_is_told(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    kinds = (MailClass.SPAM, MailClass.PHISH, MailClass.VIRUS)
    ids = [a_held_delivery(store, anna, mail_class=each).id for each in kinds]
    text = worked_off(browser, store, begin(browser, "release"))
    assert "1 of 3 messages are released." in text
    assert "2 messages were left as they are" in text
    assert states(store, *ids) == [RELEASING, HELD, HELD]


def test_what_is_hidden_is_not_counted_and_stays(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    let(store, anna, spam=HeldRight.HIDDEN)
    held = a_held_delivery(store, anna).id
    assert "with 0 messages?" in said(browser.get(ALL))
    worked_off(browser, store, begin(browser, "delete"))
    assert states(store, held) == [HELD]


@pytest.mark.parametrize(
    ("deed", "query", "status"),
    [("", "", 400), ("undo", "", 400), ("nonsense", "", 400), ("delete", "show=over", 400),
     ("release", "show=over", 400), ("delete", "class=nonsense", 400),
     ("delete", "mailbox=999999", 404), ("delete", "after=x", 400)],
)  # fmt: skip
def test_what_nobody_was_offered_is_refused(
    browser: FlaskClient, store: Store, anna: Mailbox, deed: str, query: str, status: int
) -> None:
    a_held_delivery(store, anna)
    assert begin(browser, deed, query).status_code == status
    assert begun(store) == 0


def test_the_page_that_one_was_on_says_nothing_of_how_much_is_done(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    ids = [a_held_delivery(store, anna).id for _ in range(2)]
    answer = begin(browser, "delete", "after=2001-01-01T00:00:00Z_1&sort=oldest")
    worked_off(browser, store, answer)
    assert states(store, *ids) == [DELETED, DELETED]


def test_a_deletion_is_taken_back_from_its_page_or_from_the_list(
    browser: FlaskClient, store: Store, anna: Mailbox, user: Account
) -> None:
    ids = [a_held_delivery(store, anna).id for _ in range(3)]
    answer = begin(browser, "spam")
    worked_off(browser, store, answer)
    path = f"{path_of(answer)}/undo"
    for page in (answer.location, "/quarantine/"):
        assert path in browser.get(page).text
    text = worked_off(browser, store, post(browser, path, "/quarantine/"))
    assert "3 of 3 messages are held again." in text
    assert states(store, *ids) == [HELD] * 3
    assert {each.by for each in lines(store, "undeleted")} == {user.email}


@pytest.mark.usefixtures("clock")
def test_neither_too_late_nor_a_release_is_taken_back(
    browser: FlaskClient, store: Store, anna: Mailbox, clock: Traveller
) -> None:
    ids = [held_from(store, anna, subject=each) for each in ("Lunch", "Dinner")]
    paths = []
    for deed, text in (("release", "lunch"), ("delete", "dinner")):
        answer = begin(browser, deed, f"q={text}")
        worked_off(browser, store, answer)
        paths.append(f"{path_of(answer)}/undo")
    first = told(browser, post(browser, paths[0], "/quarantine/"))
    clock.shift(FOR)
    second = told(browser, post(browser, paths[1], "/quarantine/"))
    for text in (first, second):
        assert "That cannot be taken back any more." in text
    assert states(store, *ids) == [RELEASING, DELETED]


def test_what_still_goes_on_is_not_taken_back(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    a_held_delivery(store, anna)
    answer = begin(browser, "delete")
    assert "/undo" not in browser.get(answer.location).text.replace("/quarantine/undo", "")
    text = told(browser, post(browser, f"{path_of(answer)}/undo", "/quarantine/"))
    assert "cannot be taken back" in text


@pytest.mark.parametrize("whose", ["a delegate of the same mailbox", "a stranger", "lost access"])
def test_what_somebody_else_began_does_not_exist(
    browser: FlaskClient, app: Flask, store: Store, anna: Mailbox, beat: Mailbox, whose: str
) -> None:
    his = an_owner(store, beat)
    delegate(store, his, anna)
    a_held_delivery(store, anna)
    owner, asker = app.test_client(), browser
    enter(owner, store, his)
    answer = begin(owner, "delete")
    run_bulk(store, begun(store))
    if whose != "a delegate of the same mailbox":
        shut_out(store, his, anna)
        asker = owner if whose == "lost access" else browser
    assert asker.get(answer.location).status_code == 404
    assert post(asker, f"{path_of(answer)}/undo", "/quarantine/").status_code == 404
    assert asker.get(f"/quarantine/bulk/{2**40}").status_code == 404
    assert lines(store, "undeleted") == []


def test_a_known_device_of_a_link_does_it_too_and_sees_how_far_it_is(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links
) -> None:
    know_device(client, store, anna)
    client.get(links.quarantine)
    assert "1 of 1 messages are deleted." in worked_off(client, store, begin(client, "delete"))
    assert {each.by for each in lines(store, "deleted")} == {"report link"}


def test_the_list_tells_of_what_goes_on(browser: FlaskClient, store: Store, anna: Mailbox) -> None:
    a_held_delivery(store, anna)
    answer = begin(browser, "delete")
    page = browser.get("/quarantine/")
    assert path_of(answer) in page.text
    assert 'data-live="/quarantine/recent"' in page.text
    worked_off(browser, store, answer)
    assert "1 of 1 messages are deleted." in browser.get("/quarantine/recent").text
