from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from mailstore import clock, imap, restores
from mailstore.accounts import Account
from mailstore.bulk import run_bulk
from mailstore.deliveries import Delivery, State
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.restores import Restore
from mailstore.store import Store
from portal.webmail import restore
from tests.factories import RecordedJobs, an_accepted
from tests.portal.browsing import happened, post, said, told
from tests.portal.mails import become

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

ASK, DELIVER, FOLDER = "/webmail/restore/", "/webmail/restore/deliver", "/webmail/restore/folder"
WRONG = "geheim-2026"
MakeCopy = Callable[..., Delivery]


@pytest.fixture
def a_copy(store: Store, anna: Mailbox, jobs: RecordedJobs) -> MakeCopy:
    """Return what makes a mail that the mail server took, or refused."""

    def make(state: State = State.DELIVERED) -> Delivery:
        made = an_accepted(store, anna)
        become(store, made, state, reply="250 2.0.0 kept as 17", done_at=clock.now())
        jobs.asked.clear()
        return made

    return make


@pytest.fixture
def nobody_answers() -> str:
    return "127.0.0.1:9"


def with_imap(store: Store, anna: Mailbox, server: str, *, master: str = "") -> None:
    with store.write() as db:
        domain = db.get_one(Domain, anna.domain_id)
        domain.imap_server, domain.imap_master = server, master


def sent_again(store: Store) -> list[str]:
    with store.read() as db:
        return list(db.scalars(select(Delivery.recipient).where(Delivery.resend_of != 0)))


def begun(store: Store) -> list[Restore]:
    with store.read() as db:
        return list(db.scalars(select(Restore)))


def again(browser: FlaskClient, store: Store, ids: list[int], *, wished: str = "yes") -> str:
    """Have these delivered again, and return what the page of it says in the end."""
    chosen = [str(each) for each in ids]
    return done(browser, store, post(browser, DELIVER, m=chosen, again=wished))


def done(browser: FlaskClient, store: Store, begun: TestResponse) -> str:
    run_bulk(store, int(begun.location.partition("?")[0].rpartition("/")[2]))
    return said(browser.get(begun.location))


def test_what_the_mail_server_took_is_asked_about_with_time_and_reply(
    browser: FlaskClient, a_copy: MakeCopy
) -> None:
    page = said(browser.get(ASK, query_string={"m": [a_copy().id]}))
    assert "1 Nachricht zurückholen" in page
    assert "250 2.0.0 kept as 17" in page
    assert "ist danach zweimal da" in page


def test_nothing_chosen_leads_back_to_the_list(browser: FlaskClient) -> None:
    assert "Wählen Sie zuerst" in told(browser, browser.get(ASK))


def test_one_mail_is_delivered_again(
    browser: FlaskClient, store: Store, a_copy: MakeCopy, jobs: RecordedJobs, user: Account
) -> None:
    copy = a_copy()
    assert "1 Nachricht ist noch einmal unterwegs zu Ihnen." in again(browser, store, [copy.id])
    assert sent_again(store) == ["anna@muster.example"]
    assert ("drain", copy.lane_id) in jobs.asked
    assert [event.by for event in happened(store, "resent")] == [user.email]


def test_several_are_delivered_again_but_for_what_was_taken_if_so_wished(
    browser: FlaskClient, store: Store, a_copy: MakeCopy
) -> None:
    ids = [a_copy(state).id for state in (State.DELIVERED, State.FAILED, State.FAILED)]
    again(browser, store, ids, wished="no")
    assert len(sent_again(store)) == 2
    assert "1 zugestellt" not in again(browser, store, ids)
    assert len(sent_again(store)) == 3


def test_all_found_mails_are_delivered_again(
    browser: FlaskClient, store: Store, a_copy: MakeCopy
) -> None:
    for _ in range(10):
        a_copy()
    assert "10 Nachrichten zurückholen" in said(browser.get(ASK, query_string={"all": 1}))
    begun = post(browser, DELIVER, all="1", again="yes")
    assert "In Arbeit" in said(browser.get(begun.location))
    assert "10 warten." in done(browser, store, begun)
    assert len(sent_again(store)) == 10


def test_a_delivery_again_is_shown_to_who_began_it_only(
    browser: FlaskClient, office: FlaskClient, a_copy: MakeCopy
) -> None:
    begun = post(browser, DELIVER, m=str(a_copy().id), again="yes")
    assert office.get(begun.location).status_code == 404
    assert browser.get("/webmail/restore/again/999").status_code == 404


def test_where_nothing_is_to_be_delivered_again_the_list_says_so(
    browser: FlaskClient, a_copy: MakeCopy
) -> None:
    answer = post(browser, DELIVER, m=str(a_copy().id), again="no")
    assert "Es gibt nichts" in told(browser, answer)


def test_mail_that_waits_is_never_sent_twice(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    waiting = an_accepted(store, anna)
    assert "Erneut zustellen" not in said(browser.get(f"/webmail/m/{waiting.id}"))
    page = said(browser.get(ASK, query_string={"m": waiting.id}))
    assert "Sie müssen nichts tun" in page
    post(browser, DELIVER, m=str(waiting.id), again="yes")
    assert sent_again(store) == []


def test_mail_of_others_cannot_be_chosen(
    browser: FlaskClient, store: Store, beat: Mailbox, stranger: Mailbox
) -> None:
    foreign = [an_accepted(store, each) for each in (beat, stranger)]
    for each in foreign:
        become(store, each, State.FAILED)
    theirs = [str(each.id) for each in foreign]
    assert browser.get(ASK, query_string={"m": theirs}).status_code == 404
    assert post(browser, DELIVER, m=theirs, again="yes").status_code == 404
    assert sent_again(store) == []


def test_without_an_imap_server_no_folder_is_offered(
    browser: FlaskClient, a_copy: MakeCopy
) -> None:
    copy = a_copy()
    assert "In einen Ordner" not in said(browser.get(ASK, query_string={"m": copy.id}))
    assert post(browser, FOLDER, m=str(copy.id), folder="x", password=WRONG).status_code == 404


def test_a_server_that_does_not_answer_is_told_and_the_password_is_not_shown_again(
    browser: FlaskClient, store: Store, anna: Mailbox, a_copy: MakeCopy, nobody_answers: str
) -> None:
    with_imap(store, anna, nobody_answers)
    answer = post(browser, FOLDER, m=str(a_copy().id), folder="Alt", password=WRONG)
    assert answer.status_code == 422
    assert "jetzt nicht nutzbar" in said(answer)
    assert WRONG not in answer.text
    assert begun(store) == []


def test_wrong_passwords_are_slowed_down(
    browser: FlaskClient,
    store: Store,
    anna: Mailbox,
    a_copy: MakeCopy,
    nobody_answers: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_imap(store, anna, nobody_answers)
    copy = a_copy()

    def refused(*_: object) -> None:
        raise imap.SignInRefused("no")

    monkeypatch.setattr(imap, "_connected", refused)
    pages = [
        said(post(browser, FOLDER, m=str(copy.id), folder="Alt", password=WRONG))
        for _ in range(restore.MOST_ATTEMPTS + 1)
    ]
    assert all("nimmt dieses Passwort nicht an" in page for page in pages[:-1])
    assert "zu oft falsch" in pages[-1]


def test_with_a_master_login_the_worker_restores_and_nobody_is_asked(
    browser: FlaskClient, store: Store, anna: Mailbox, a_copy: MakeCopy, jobs: RecordedJobs
) -> None:
    with_imap(store, anna, "mail.muster.example:993", master="root")
    copy = a_copy()
    assert 'type="password"' not in browser.get(ASK, query_string={"m": copy.id}).text
    answer = post(browser, FOLDER, m=str(copy.id), folder="Zurückgeholt")
    (row,) = begun(store)
    assert answer.location == f"/webmail/restore/{row.id}"
    assert (row.folder, row.waiting, row.mailbox_id) == ("Zurückgeholt", [copy.id], anna.id)
    assert jobs.asked == [("restore", row.id)]


@pytest.mark.parametrize(
    ("state", "sentence"),
    [("running", "unterwegs in den Ordner"), ("done", "Alles liegt im Ordner"),
     ("stopped", "vor dem Ende aufgehört")],
)  # fmt: skip
def test_progress_is_shown_and_looked_at_again_only_while_it_goes_on(
    browser: FlaskClient, store: Store, anna: Mailbox, state: str, sentence: str
) -> None:
    with store.write() as db:
        begun_id = restores.begin(db, anna.tenant_id, anna.id, "Alt", [1, 2], by="test")
        db.get_one(Restore, begun_id).state = restores.RestoreState(state)
    answer = browser.get(f"/webmail/restore/{begun_id}")
    assert sentence in said(answer)
    assert ("http-equiv" in answer.text) == (state == "running")


def test_the_restore_of_somebody_else_does_not_exist(
    browser: FlaskClient, store: Store, beat: Mailbox
) -> None:
    with store.write() as db:
        begun_id = restores.begin(db, beat.tenant_id, beat.id, "Alt", [1], by="test")
    assert browser.get(f"/webmail/restore/{begun_id}").status_code == 404
