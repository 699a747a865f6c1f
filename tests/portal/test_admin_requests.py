import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from mailstore.accounts import Role
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass, Summary
from mailstore.mailboxes import Mailbox
from mailstore.pages import SIZE
from mailstore.requests import ReleaseRequest, RequestState
from mailstore.store import Store
from tests.factories import ANNA, BEAT, RecordedJobs, a_mailbox
from tests.mailstore.requested import a_request, an_administrator, grant, refuse, risky, seen
from tests.portal.browsing import (
    an_owner,
    enter,
    following,
    happened,
    in_english,
    listed,
    post,
    said,
    state,
    stock,
    told,
)

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

LIST = "/admin/requests/"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def risk(store: Store, anna: Mailbox) -> Delivery:
    return risky(store, anna)


@pytest.fixture
def asked(store: Store, risk: Delivery) -> ReleaseRequest:
    return a_request(store, risk, "My order.\nNumber 7.")


@pytest.fixture(autouse=True)
def _english(office: FlaskClient) -> None:
    in_english(office)


def send(client: FlaskClient, asked: ReleaseRequest, deed: str, **form: str) -> TestResponse:
    page = f"{LIST}{asked.id}"
    return post(client, f"{page}/{deed}", page, **form)


def test_the_list_says_who_asks_for_what_and_why(
    office: FlaskClient, asked: ReleaseRequest
) -> None:
    answer = office.get(LIST)
    assert listed(answer) == [asked.id]
    for text in (f"asked by {ANNA}", "My order.", "Plans", "Bob", "fraud", "Several small"):
        assert text in said(answer)


def counted(client: FlaskClient, path: str = "/") -> list[str]:
    """Return the numbers of open requests that a page shows, and their words."""
    return re.findall(r'<span class="count"[^>]*>([^<]+)</span>', client.get(path).text)


def test_administrators_see_on_every_page_how_many_wait(
    office: FlaskClient, browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    made = [a_request(store, risky(store, anna)) for _ in range(3)]
    refuse(store, made[0])
    assert (counted(office), counted(browser)) == (["2"], [])
    assert counted(office, LIST) == ["2", "2"]
    assert "(2 open requests)" in office.get("/").text


def test_where_nobody_waits_nothing_is_counted(office: FlaskClient, store: Store) -> None:
    with store.write() as db:
        eve = a_mailbox(db, "eve@elsewhere.example")
    a_request(store, risky(store, eve), by=eve.address)
    assert counted(office) == counted(office, LIST) == []


def test_the_administration_leads_to_requests_while_some_are_open(
    office: FlaskClient, store: Store, asked: ReleaseRequest
) -> None:
    assert office.get("/admin/").location == LIST
    refuse(store, asked)
    assert office.get("/admin/").location == "/admin/delivery/"


def test_the_list_goes_on_oldest_first(office: FlaskClient, store: Store, anna: Mailbox) -> None:
    made = [a_request(store, risky(store, anna)).id for _ in range(SIZE + 1)]
    first = office.get(LIST)
    assert listed(first) == made[:SIZE]
    assert listed(office.get(following(first))) == made[SIZE:]


def test_answered_requests_have_a_list_of_their_own(
    office: FlaskClient, store: Store, anna: Mailbox
) -> None:
    granted, refused = (a_request(store, risky(store, anna)) for _ in range(2))
    grant(store, granted)
    refuse(store, refused)
    answer = office.get(f"{LIST}answered")
    assert listed(answer) == [refused.id, granted.id]
    assert f"{BEAT} had it delivered" in said(answer)
    assert "Nobody waits for an answer" in said(office.get(LIST))


def test_a_request_shows_all_but_the_content(
    office: FlaskClient, store: Store, asked: ReleaseRequest
) -> None:
    with store.write() as db:
        found = [["CLICK_HERE", "click here now", 2.5]]
        db.execute(update(Delivery).values(symbols=found, trail=["score: 6.0 → quarantine"]))
    answer = office.get(f"{LIST}{asked.id}")
    for text in (ANNA, "Number 7.", "CLICK_HERE", "+2.5", "score: 6.0", "release_asked"):
        assert text in said(answer)
    assert "click here now" not in answer.text
    assert "Shall we meet?" not in answer.text
    assert "<iframe" not in answer.text


def test_delivering_sends_the_mail_on_and_tells_the_person(
    office: FlaskClient, store: Store, risk: Delivery, asked: ReleaseRequest
) -> None:
    answer = send(office, asked, "deliver", answer="I called them.")
    assert "The message is on its way." in told(office, answer)
    assert state(store, risk) is State.RELEASING
    now = seen(store, asked).request
    assert (now.state, now.answered_by, now.answer) == (
        RequestState.GRANTED, BEAT, "I called them.",
    )  # fmt: skip
    assert [each.by for each in happened(store, "request_granted")] == [BEAT]


def test_refusing_leaves_it_held(
    office: FlaskClient, store: Store, risk: Delivery, asked: ReleaseRequest
) -> None:
    answer = send(office, asked, "refuse", answer="It is fraud.")
    assert "The message stays held." in told(office, answer)
    assert state(store, risk) is State.QUARANTINED
    assert "It is fraud." in said(office.get(f"{LIST}{asked.id}"))


@pytest.mark.parametrize("deed", ["deliver", "refuse"])
def test_a_second_answer_changes_nothing(
    office: FlaskClient, store: Store, asked: ReleaseRequest, deed: str
) -> None:
    refuse(store, asked, "first")
    assert "not open any more" in told(office, send(office, asked, deed, answer="second"))
    assert seen(store, asked).request.answer == "first"


@pytest.mark.parametrize("deed", ["deliver", "refuse"])
def test_an_answer_that_cannot_be_kept_is_told_next_to_the_field(
    office: FlaskClient, store: Store, asked: ReleaseRequest, deed: str
) -> None:
    answer = send(office, asked, deed, answer="a\x1b[2J")
    assert answer.status_code == 422
    assert "Write at most 500 characters" in said(answer)
    assert seen(store, asked).open


def test_a_virus_can_only_be_refused(
    office: FlaskClient, store: Store, risk: Delivery, asked: ReleaseRequest
) -> None:
    with store.write() as db:
        db.execute(update(Delivery).values(mail_class=MailClass.VIRUS))
    page = office.get(f"{LIST}{asked.id}")
    assert "A virus is delivered to nobody." in said(page)
    assert f"{asked.id}/deliver" not in page.text
    assert "A virus is delivered" in told(office, send(office, asked, "deliver"))
    assert state(store, risk) is State.QUARANTINED


def test_one_leaves_the_own_request_to_another_administrator(
    office: FlaskClient, store: Store, beat: Mailbox
) -> None:
    own = a_request(store, risky(store, beat), by=BEAT)
    page = f"{LIST}{own.id}"
    assert "another administrator answers" not in said(office.get(page))
    an_administrator(store, "carla@muster.example")
    assert "another administrator answers" in said(office.get(page))
    assert "another administrator answers" in told(office, send(office, own, "deliver"))
    assert seen(store, own).open


def test_a_mail_that_went_another_way_has_nothing_to_answer(
    office: FlaskClient, store: Store, asked: ReleaseRequest
) -> None:
    with store.write() as db:
        db.execute(update(Delivery).values(state=State.DELETED))
    assert "nothing to answer any more" in said(office.get(f"{LIST}{asked.id}"))
    assert listed(office.get(LIST)) == []
    assert "not in quarantine any more" in said(office.get(f"{LIST}answered"))


def test_hostile_texts_are_only_text(office: FlaskClient, store: Store, anna: Mailbox) -> None:
    held = risky(store, anna, summary=Summary(subject=HOSTILE, author_name=HOSTILE))
    asked = a_request(store, held, HOSTILE)
    refuse(store, asked, HOSTILE)
    for path in (f"{LIST}{asked.id}", f"{LIST}answered"):
        answer = office.get(path)
        assert "<script>alert" not in answer.text
        assert HOSTILE in said(answer)


def test_looking_at_requests_changes_nothing(
    office: FlaskClient, store: Store, asked: ReleaseRequest, jobs: RecordedJobs
) -> None:
    before = stock(store)
    jobs.asked.clear()
    for path in ("", "answered", str(asked.id), f"{asked.id}/body"):
        office.get(f"{LIST}{path}")
    assert stock(store) == before
    assert jobs.asked == []


PAGES = [("get", ""), ("get", "/body"), ("post", "/deliver"), ("post", "/refuse"),
         ("post", "/read")]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), PAGES, ids=[path or "/" for _, path in PAGES])
@pytest.mark.parametrize("who", ["user", "administrator of another tenant"])
def test_requests_of_a_tenant_do_not_exist_for_anybody_else(
    office: FlaskClient, store: Store, asked: ReleaseRequest, method: str, path: str, who: str
) -> None:
    other, url = a_stranger(office, store, who), f"{LIST}{asked.id}{path}"
    form = {"reason": "I want to."}
    answer = other.get(url) if method == "get" else post(other, url, LIST, **form)
    assert answer.status_code == 404
    assert seen(store, asked).open
    assert happened(store, "content_read") == []


def test_an_administrator_of_another_tenant_sees_none_in_the_lists(
    office: FlaskClient, store: Store, asked: ReleaseRequest
) -> None:
    other = a_stranger(office, store, "administrator of another tenant")
    assert listed(other.get(LIST)) == listed(other.get(f"{LIST}answered")) == []


def a_stranger(office: FlaskClient, store: Store, who: str) -> FlaskClient:
    """Return a browser in which a colleague, or another tenant's administrator, is signed in."""
    foreign = who != "user"
    with store.write() as db:
        mailbox = a_mailbox(db, "eve@elsewhere.example" if foreign else "chris@muster.example")
    opened = office.application.test_client()
    enter(opened, store, an_owner(store, mailbox, role=Role.ADMIN if foreign else Role.USER))
    return in_english(opened)
