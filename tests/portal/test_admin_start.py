import pytest
from flask.testing import FlaskClient

from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.tenants import Tenant, TenantState
from tests.portal.browsing import enter, in_english, post, said, told

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PAGE = "/admin/start/"


def set_state(store: Store, anna: Mailbox, state: TenantState) -> None:
    with store.write() as db:
        db.get_one(Tenant, anna.tenant_id).state = state


def state_of(store: Store, anna: Mailbox) -> TenantState:
    with store.read() as db:
        return db.get_one(Tenant, anna.tenant_id).state


def test_who_moves_in_sees_what_is_left_and_switches(
    office: FlaskClient, store: Store, anna: Mailbox
) -> None:
    set_state(store, anna, TenantState.PREPARING)
    in_english(office)
    assert office.get("/admin/").location == PAGE
    page = said(office.get(PAGE))
    assert "2 mailboxes are known." in page
    assert "No further address is known yet." in page
    assert "Wait until after the switch" in page
    answer = post(office, f"{PAGE}live", PAGE)
    assert "Mail of muster.example is taken from now on." in told(office, answer)
    assert state_of(store, anna) is TenantState.LIVE
    assert "is not taken for now" in told(office, post(office, f"{PAGE}prepare", PAGE))
    assert state_of(store, anna) is TenantState.PREPARING


def test_without_anybody_nothing_goes_live(
    office: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    set_state(store, anna, TenantState.PREPARING)
    with store.write() as db:
        for each in (anna, beat):
            db.get_one(Mailbox, each.id).active = False
    answer = post(in_english(office), f"{PAGE}live", PAGE)
    assert (answer.status_code, "is missing" in said(answer)) == (422, True)
    assert state_of(store, anna) is TenantState.PREPARING


def test_what_an_operator_stopped_only_they_begin_again(
    office: FlaskClient, store: Store, anna: Mailbox
) -> None:
    set_state(store, anna, TenantState.SUSPENDED)
    assert "Only the operator" in said(in_english(office).get(PAGE))
    post(office, f"{PAGE}live", PAGE)
    assert state_of(store, anna) is TenantState.SUSPENDED


@pytest.mark.parametrize(
    ("state", "words"),
    [(TenantState.PREPARING, "No mail comes here yet."),
     (TenantState.SUSPENDED, "is not taken here since"), (TenantState.LIVE, "")],
)  # fmt: skip
def test_each_page_says_while_mail_does_not_flow(
    browser: FlaskClient, store: Store, anna: Mailbox, state: TenantState, words: str
) -> None:
    set_state(store, anna, state)
    page = in_english(browser).get("/").text
    assert ('class="standing"' in page, words in page) == (bool(words), True)
    assert PAGE not in page


def test_nobody_writes_while_mail_does_not_flow(
    browser: FlaskClient, store: Store, anna: Mailbox, user: Account
) -> None:
    enter(in_english(browser), store, user)
    set_state(store, anna, TenantState.SUSPENDED)
    assert "Nothing can be sent from here" in told(browser, post(browser, "/webmail/write", "/"))
