import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.databases import asked
from tests.factories import (
    a_held_delivery,
    a_mailbox,
)
from tests.mailstore.sending.test_heldout import DORA, EMIL, held_out
from tests.portal.browsing import in_english, post, told
from tests.portal.test_queries import MOST

LIST = "/admin/outgoing/"


@pytest.fixture(autouse=True)
def _english(office: FlaskClient) -> None:
    in_english(office)


def states(store: Store) -> set[State]:
    with store.read() as db:
        return set(db.scalars(select(Delivery.state)))


def test_an_administrator_reads_who_wrote_what_to_whom_and_nothing_of_it(
    office: FlaskClient, store: Store, anna: Mailbox
) -> None:
    held_out(
        store,
        anna,
        DORA,
        EMIL,
        *("fritz@there.example", "gian@there.example", "hans@there.example"),
    )
    page = office.get(LIST).text
    for text in ("Bob", "Plans", "dora@", "and 2 more"):
        assert text in page
    assert "Shall we meet" not in page
    assert page.count('class="mail held"') == 1


def test_what_is_delivered_goes_to_all_of_them(
    office: FlaskClient, store: Store, anna: Mailbox
) -> None:
    first, _ = held_out(store, anna, DORA, EMIL)
    path = f"{LIST}{first.id}/deliver"
    answer = post(office, path, LIST)
    assert "It is scanned once more" in told(office, answer)
    assert states(store) == {State.RELEASING}
    assert "not held any more" in told(office, post(office, path, LIST))


def test_what_is_deleted_goes_to_nobody(office: FlaskClient, store: Store, anna: Mailbox) -> None:
    first, _ = held_out(store, anna, DORA, EMIL)
    post(office, f"{LIST}{first.id}/delete", LIST)
    assert states(store) == {State.DELETED}
    assert "Nothing is held" in office.get(LIST).text


def test_nobody_delivers_a_virus(office: FlaskClient, store: Store, anna: Mailbox) -> None:
    (virus,) = held_out(store, anna, DORA, mail_class=MailClass.VIRUS)
    page = office.get(LIST).text
    assert f"{LIST}{virus.id}/deliver" not in page
    post(office, f"{LIST}{virus.id}/deliver", LIST)
    assert states(store) == {State.QUARANTINED}


@pytest.mark.parametrize("elsewhere", [False, True], ids=["held for Anna", "elsewhere"])
def test_nothing_but_the_tenants_own_outgoing_mail_is_there(
    office: FlaskClient, store: Store, anna: Mailbox, elsewhere: bool
) -> None:
    held = a_held_delivery(store, anna)
    if elsewhere:
        with store.write() as db:
            eve = a_mailbox(db, "eve@elsewhere.example")
        (held,) = held_out(store, eve, DORA)
    for deed in ("deliver", "delete"):
        assert post(office, f"{LIST}{held.id}/{deed}", LIST).status_code == 404
    assert "Plans" not in office.get(LIST).text
    assert states(store) == {State.QUARANTINED}


def test_a_person_does_not_know_the_page(browser: FlaskClient) -> None:
    assert browser.get(LIST).status_code == 404


def test_a_full_list_takes_few_questions(office: FlaskClient, store: Store, anna: Mailbox) -> None:
    for _ in range(4):
        held_out(store, anna, DORA, EMIL)
    with asked(store) as questions:
        office.get(LIST)
    assert len(questions) <= MOST
