"""What keeps mail scanners from deeds: the report's code, asked of unknown devices in doubt."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from time_machine import Traveller

from mailstore import tenants
from mailstore.clock import now
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.reports import openings
from mailstore.reports.openings import Opening
from mailstore.reports.rows import LinkKind
from mailstore.store import Store
from mailstore.tenants import Guard
from tests.factories import a_held_delivery
from tests.portal.browsing import (
    Links,
    a_report,
    happened,
    know_device,
    post,
    said,
    state,
    wrong_code,
)
from tests.reporting import send

pytestmark = pytest.mark.usefixtures("clock", "speaks_english")

ASKS = "Enter the code of the report"


def set_guard(store: Store, anna: Mailbox, guard: Guard) -> None:
    with store.write() as db:
        tenants.set_guard(db, anna.tenant_id, guard, by="test")


def released(store: Store, held: Delivery) -> bool:
    return state(store, held) is State.RELEASING


def test_the_code_makes_the_device_known_and_does_the_deed(
    client: FlaskClient, store: Store, anna: Mailbox, held: Delivery, links: Links
) -> None:
    set_guard(store, anna, Guard.ALWAYS)
    assert ASKS in said(post(client, links.held[0]))
    assert ASKS in said(post(client, links.held[0], code=wrong_code(links)))
    assert not released(store, held)
    assert "on its way" in said(post(client, links.held[0], code=links.code))
    assert released(store, held)
    assert [each.by for each in happened(store, "released")] == ["report link"]
    assert ASKS not in said(post(client, links.held[0]))


@pytest.mark.parametrize("guard", [Guard.GUARD, Guard.NEVER])
def test_who_acts_like_a_person_is_asked_for_nothing(
    client: FlaskClient, store: Store, anna: Mailbox, held: Delivery, links: Links, guard: Guard
) -> None:
    set_guard(store, anna, guard)
    client.get(links.held[0])
    assert ASKS not in said(post(client, links.held[0]))
    assert released(store, held)


def test_a_known_device_is_never_asked(
    client: FlaskClient, store: Store, anna: Mailbox, held: Delivery, links: Links
) -> None:
    set_guard(store, anna, Guard.ALWAYS)
    know_device(client, store, anna)
    post(client, links.held[0])
    assert released(store, held)


def arrive(store: Store, mail: Delivery) -> None:
    with store.write() as db:
        done = {"state": State.DELIVERED, "done_at": now(), "next_attempt_at": None}
        db.execute(update(Delivery).where(Delivery.id == mail.id).values(**done))


def sent_report(store: Store, anna: Mailbox, client: FlaskClient) -> tuple[str, Delivery]:
    """Queue a report and return the link of its only mail, and the delivery of the report."""
    (draft,) = send(store, anna)
    (held,) = draft.lines.new
    token = client.application.extensions["links"].sign(
        draft.link(LinkKind.HELD, held), LinkKind.HELD
    )
    with store.read() as db:
        mail = db.scalars(select(Delivery).where(Delivery.mail_class == MailClass.REPORT)).one()
    return f"/l/{token}", mail


@pytest.mark.parametrize(("after", "asks"), [(1, True), (59, True), (61, False)])
def test_within_a_minute_of_the_reports_arrival_the_code_is_asked(
    client: FlaskClient, store: Store, anna: Mailbox, clock: Traveller, after: int, asks: bool
) -> None:
    held = a_held_delivery(store, anna)
    link, mail = sent_report(store, anna, client)
    assert ASKS in said(post(client, link))
    arrive(store, mail)
    clock.shift(after)
    assert (ASKS in said(post(client, link))) is asks
    assert released(store, held) is not asks


def test_a_fourth_mail_within_ten_seconds_wants_the_code(
    client: FlaskClient, store: Store, anna: Mailbox, clock: Traveller
) -> None:
    mails = [a_held_delivery(store, anna) for _ in range(6)]
    links = a_report(store, anna)
    asked = [ASKS in said(post(client, each)) for each in links.held[:5]]
    assert asked == [False, False, False, True, True]
    assert sum(released(store, each) for each in mails) == 3
    clock.shift(11)
    assert ASKS not in said(post(client, links.held[5]))


def test_from_where_links_of_several_mailboxes_were_opened_the_code_is_asked_for_an_hour(
    client: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox, clock: Traveller
) -> None:
    held, _ = (a_held_delivery(store, each) for each in (anna, beat))
    links = a_report(store, anna)
    client.get(a_report(store, beat).quarantine)
    client.get(links.held[0])
    assert ASKS in said(post(client, links.held[0]))
    clock.shift(openings.LATELY)
    assert ASKS not in said(post(client, links.held[0]))
    assert released(store, held)


def test_a_deed_in_the_list_waits_for_the_code_too(
    client: FlaskClient, store: Store, anna: Mailbox, held: Delivery, links: Links
) -> None:
    client.get(links.quarantine)
    set_guard(store, anna, Guard.ALWAYS)
    for path in (f"/quarantine/{held.id}/release", "/quarantine/chosen"):
        answer = post(client, path, "/quarantine/", m=str(held.id), deed="release")
        assert answer.location.startswith("/code")
    assert state(store, held) is State.QUARANTINED


def test_openings_and_deeds_say_from_where_and_by_what_program(
    client: FlaskClient, store: Store, held: Delivery, links: Links
) -> None:
    client.get(links.held[0], headers={"User-Agent": "Scanner/1.0"})
    post(client, links.held[0])
    with store.read() as db:
        opening = db.scalars(select(Opening).where(Opening.agent == "Scanner/1.0")).one()
    assert (opening.place, opening.known) == ("127.0.0.1", False)
    (used,) = happened(store, "report_link_used")
    assert used.detail["address"] == "127.0.0.1"
    assert used.delivery_id == held.id


def test_the_thirty_first_wrong_token_in_a_minute_is_one_too_many(
    client: FlaskClient, links: Links, clock: Traveller
) -> None:
    codes = [client.get(f"/l/{each}.forged").status_code for each in range(30)]
    assert set(codes) == {404}
    answer = client.get("/l/one.more")
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)
    assert client.get(links.held[0]).status_code == 200
    clock.shift(61)
    assert client.get("/l/one.more").status_code == 404
