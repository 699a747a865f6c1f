from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from mailstore import clock, events, incidents
from mailstore.accounts import Account
from mailstore.deliveries import Delivery, Direction, State
from mailstore.domains import Domain
from mailstore.incidents import IncidentKind
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import RecordedJobs, an_accepted
from tests.portal.browsing import happened, post, said, told
from tests.portal.mails import go_down

PAGE = "/admin/delivery/"


@pytest.fixture
def waiting(store: Store, anna: Mailbox) -> Delivery:
    return an_accepted(store, anna)


def domain_of(store: Store, mailbox: Mailbox) -> Domain:
    with store.read() as db:
        return db.get_one(Domain, mailbox.domain_id)


def test_an_administrator_sees_where_mail_goes_and_what_waits(
    office: FlaskClient, waiting: Delivery
) -> None:
    page = said(office.get(PAGE))
    assert "muster.example antwortet" in page
    assert "1 Nachricht, die älteste seit" in page


def test_a_silent_server_is_shown_with_its_last_words_and_tried_on_demand(
    office: FlaskClient, store: Store, waiting: Delivery, anna: Mailbox, jobs: RecordedJobs
) -> None:
    go_down(store, waiting, since=clock.now() - timedelta(hours=2))
    with store.write() as db:
        db.execute(update(Lane).values(last_error="no route", try_at=clock.now() + timedelta(1)))
    page = said(office.get(PAGE))
    assert "antwortet nicht" in page
    assert "no route" in page
    jobs.asked.clear()
    assert "Wir versuchen jetzt" in told(office, post(office, f"{PAGE}{anna.domain_id}/try"))
    assert jobs.asked == [("drain", waiting.lane_id)]


def test_mail_is_kept_here_for_planned_work_and_goes_on_when_told(
    office: FlaskClient, store: Store, anna: Mailbox, admin: Account
) -> None:
    path = f"{PAGE}{anna.domain_id}"
    assert "bleiben hier" in told(office, post(office, f"{path}/hold", hours="8"))
    until = domain_of(store, anna).held_until
    assert until is not None
    assert timedelta(hours=7) < until - clock.now() <= timedelta(hours=8)
    assert "Hier behalten bis" in said(office.get(PAGE)) or "hier behalten" in said(
        office.get(PAGE)
    )
    assert "sind unterwegs" in told(office, post(office, f"{path}/resume"))
    assert domain_of(store, anna).held_until is None
    kinds = happened(store, "delivery_held") + happened(store, "delivery_resumed")
    assert [event.by for event in kinds] == [admin.email] * 2


def test_a_person_is_told_that_mail_waits_for_planned_work(
    browser: FlaskClient, office: FlaskClient, anna: Mailbox, waiting: Delivery
) -> None:
    post(office, f"{PAGE}{anna.domain_id}/hold", hours="4")
    assert "während an Ihrem Mailserver gearbeitet wird" in browser.get("/").text


@pytest.mark.parametrize("deed", ["hold", "resume", "try"])
def test_the_domain_of_another_tenant_does_not_exist(
    office: FlaskClient, store: Store, stranger: Mailbox, deed: str
) -> None:
    answer = post(office, f"{PAGE}{stranger.domain_id}/{deed}", hours="4")
    assert answer.status_code == 404
    assert domain_of(store, stranger).held_until is None


def test_past_outages_are_listed(office: FlaskClient, store: Store, waiting: Delivery) -> None:
    with store.write() as db:
        incidents.begin(
            db, IncidentKind.OUTAGE, str(waiting.lane_id), "refused", lane_id=waiting.lane_id
        )
        incidents.end(db, IncidentKind.OUTAGE, str(waiting.lane_id))
    assert "1 Ausfall in den letzten 90 Tagen" in said(office.get(PAGE))


def test_a_bounce_that_nobody_took_is_found_here(
    office: FlaskClient, store: Store, waiting: Delivery
) -> None:
    with store.write() as db:
        db.execute(
            update(Delivery).values(
                mailbox_id=None, direction=Direction.OUT, state=State.FAILED,
                recipient="bob@there.example", reply="550 5.1.1 nobody",
            )
        )  # fmt: skip
    page = said(office.get(PAGE))
    assert "bob@there.example 550 5.1.1 nobody" in page


def test_a_program_is_told_and_its_secret_is_shown_once(
    office: FlaskClient, store: Store, beat: Mailbox
) -> None:
    answer = post(office, f"{PAGE}webhook", url="https://hooks.example/outages")
    assert "whsec_" in answer.text
    assert "whsec_" not in office.get(PAGE).text
    with store.read() as db:
        tenant = db.get_one(Tenant, beat.tenant_id)
    assert tenant.webhook_url == "https://hooks.example/outages"
    assert "whsec_" not in tenant.webhook_secret
    assert "Kein Programm" in told(office, post(office, f"{PAGE}webhook", url=""))


@pytest.mark.parametrize("url", ["ftp://x.example", "javascript:alert(1)", "https://a:b@c", "x"])
def test_what_is_no_address_of_the_web_is_not_kept(
    office: FlaskClient, store: Store, beat: Mailbox, url: str
) -> None:
    answer = post(office, f"{PAGE}webhook", url=url)
    assert answer.status_code == 422
    with store.read() as db:
        assert db.get_one(Tenant, beat.tenant_id).webhook_url == ""


def test_administrators_see_the_lines_of_the_log_and_people_do_not(
    office: FlaskClient, browser: FlaskClient, store: Store, beat: Mailbox, waiting: Delivery
) -> None:
    theirs = an_accepted(store, beat)
    with store.write() as db:
        for each in (theirs, waiting):
            events.record(
                db, "deferred", by="worker", delivery_id=each.id,
                tenant_id=each.tenant_id, detail={"reply": "450 4.2.2 full", "attempt": 1},
            )  # fmt: skip
    seen = said(office.get(f"/webmail/m/{theirs.id}"))
    assert "deferred" in seen
    hidden = said(browser.get(f"/webmail/m/{waiting.id}"))
    assert "deferred" not in hidden
    for page in (seen, hidden):
        assert (
            "bat uns, es später noch einmal zu versuchen. Antwort des Mailservers: 450 4.2.2 full"
            in page
        )
