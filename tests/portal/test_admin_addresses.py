from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from mailstore import accounts, mailboxes
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.mailboxes import Mailbox, MailboxKind
from mailstore.moving import knocks, unknown
from mailstore.moving.knocks import Heard
from mailstore.store import Store
from mailstore.welcomes import Welcome
from tests.factories import ANNA, BEAT
from tests.portal.browsing import in_english, post, said, told

UNKNOWN, IDLE, PEOPLE = "/admin/addresses/", "/admin/addresses/idle", "/admin/people/"
DATABASES = ["sqlite"]


@pytest.fixture
def heard(store: Store, anna: Mailbox) -> None:
    """Let mail have come for three addresses that nobody has."""
    with store.write() as db:
        for local in ("a.keller", "info", "xyz"):
            knocks.record(db, {Address(local, "muster.example"): Heard(2, {"there.example"})})


@pytest.fixture
def admins(office: FlaskClient) -> FlaskClient:
    return in_english(office)


def at(store: Store, address: str) -> Mailbox | None:
    with store.read() as db:
        return mailboxes.at(db, Address.parse(address))


def act(client: FlaskClient, path: str, **form: Any) -> TestResponse:
    return post(client, path, **form)


@pytest.mark.usefixtures("heard")
def test_unknown_addresses_are_shown_with_a_guess(admins: FlaskClient) -> None:
    page = said(admins.get(UNKNOWN))
    assert "a.keller@muster.example 2 messages" in page
    assert "from there.example. It was refused." in page
    assert f"It looks like an alias of {ANNA}." in page
    assert "It looks like a shared mailbox." in page


@pytest.mark.usefixtures("heard")
def test_an_address_is_settled_by_its_own_button(
    admins: FlaskClient, store: Store, anna: Mailbox
) -> None:
    form = {"to:a.keller@muster.example": ANNA, "one": "alias a.keller@muster.example"}
    assert "1 address is settled." in told(admins, act(admins, UNKNOWN, **form))
    act(admins, UNKNOWN, one="shared info@muster.example")
    act(admins, UNKNOWN, one="ignore xyz@muster.example")
    led, info = at(store, "a.keller@muster.example"), at(store, "info@muster.example")
    assert led is not None
    assert info is not None
    assert (led.id, info.kind) == (anna.id, MailboxKind.SHARED)
    assert "All addresses are known" in said(admins.get(UNKNOWN))


@pytest.mark.usefixtures("heard")
def test_several_are_settled_at_once_and_who_is_not_named_stays(
    admins: FlaskClient, store: Store
) -> None:
    chosen = ["a.keller@muster.example", "xyz@muster.example"]
    form = {"a": chosen, "to:a.keller@muster.example": ANNA, "deed": "alias"}
    page = told(admins, act(admins, UNKNOWN, **form))
    assert "1 address is settled." in page
    assert "Say whose alias xyz@muster.example is" in page
    assert at(store, "xyz@muster.example") is None
    act(admins, UNKNOWN, a=chosen[1:], deed="person")
    with store.read() as db:
        assert accounts.find(db, "xyz@muster.example") is not None


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("one", ["person x@elsewhere.example", "person ; reboot", "ignore"])
def test_an_address_of_others_is_settled_by_nobody(
    admins: FlaskClient, store: Store, stranger: Mailbox, one: str
) -> None:
    assert act(admins, UNKNOWN, one=one).status_code in (303, 400, 404)
    assert at(store, "x@elsewhere.example") is None
    form = {"one": "alias xyz@muster.example", "to:xyz@muster.example": stranger.address}
    act(admins, UNKNOWN, **form)
    assert at(store, "xyz@muster.example") is None


def test_a_mailbox_without_mail_is_switched_off_or_becomes_an_alias(
    admins: FlaskClient, store: Store, anna: Mailbox
) -> None:
    with store.write() as db:
        db.get_one(Mailbox, anna.id).heard_at -= unknown.IDLE * 3
    page = said(admins.get(IDLE))
    assert "Anna Keller" in page
    assert BEAT not in page
    answer = act(admins, IDLE, **{"one": f"alias {anna.id}", f"to:{anna.id}": BEAT})
    assert answer.status_code == 303
    led = at(store, ANNA)
    assert led is not None
    assert led.address == BEAT
    assert "Everybody gets mail" in said(admins.get(IDLE))
    assert act(admins, IDLE, one="off 999").status_code == 404


@pytest.mark.parametrize(
    "number", ["x", "²", "-1", str(2**63), "9" * 5000],
    ids=["word", "odd digit", "negative", "beyond rows", "beyond numbers"],
)  # fmt: skip
def test_what_no_mailbox_can_be_numbered_is_not_there(admins: FlaskClient, number: str) -> None:
    assert act(admins, IDLE, one=f"off {number}").status_code == 404
    assert act(admins, IDLE, m=number, deed="shared").status_code == 404


def test_one_person_is_added_and_what_gives_power_is_no_part_of_the_form(
    admins: FlaskClient, store: Store
) -> None:
    form = {"name": "{{7*7}}", "address": "zoe@muster.example", "aliases": "z@muster.example",
            "role": "admin", "tenant_id": "99", "is_admin": "1", "welcome": "1"}  # fmt: skip
    assert "{{7*7}}" in told(admins, post(admins, PEOPLE, **form))
    with store.read() as db:
        zoe = accounts.find(db, "zoe@muster.example")
        assert zoe is not None
        assert (zoe.role, db.get(Welcome, zoe.id) is not None) == (Role.USER, True)
    answer = post(admins, PEOPLE, address=ANNA)
    assert (answer.status_code, "is here already" in said(answer)) == (422, True)


@pytest.mark.parametrize("name", ["../../etc", "-rf $(reboot) `id`", "a;b|c&d"])
def test_a_strange_name_is_only_a_name(admins: FlaskClient, store: Store, name: str) -> None:
    post(admins, PEOPLE, name=name, address="zoe@muster.example")
    found = at(store, "zoe@muster.example")
    assert found is not None
    assert found.name == name
    assert post(admins, PEOPLE, address="-rf@muster.example").status_code == 422


def test_name_aliases_and_mail_of_a_person_are_changed(
    admins: FlaskClient, store: Store, anna: Mailbox, user: Account
) -> None:
    box = f"/admin/mailboxes/{anna.id}"
    assert "The settings are saved." in told(admins, post(admins, f"{box}/name", name="Anna K."))
    post(admins, f"{box}/alias", alias="ak@muster.example")
    post(admins, f"{box}/alias/remove", alias="ak@muster.example", to=BEAT)
    led = at(store, "ak@muster.example")
    assert led is not None
    assert led.address == BEAT
    page = told(admins, post(admins, f"{box}/alias", alias=BEAT))
    assert "is the main address of somebody already" in page
    post(admins, f"{box}/off")
    assert "Switch on again" in said(admins.get(f"{PEOPLE}{user.id}"))
    post(admins, f"{box}/on")
    with store.read() as db:
        assert db.get_one(Account, user.id).active
        assert db.get_one(Account, user.id).name == "Anna K."


def test_somebody_without_an_account_is_let_in_and_has_a_page_then(
    admins: FlaskClient, store: Store, anna: Mailbox
) -> None:
    box = f"/admin/mailboxes/{anna.id}"
    assert "Let this person sign in" in said(admins.get(box))
    assert "may sign in now" in told(admins, post(admins, f"{box}/let-in"))
    assert "The page of this person" in said(admins.get(box))
    assert "Nobody signs in for this mailbox." in told(admins, post(admins, f"{box}/let-in"))


def test_those_who_were_not_welcomed_are_welcomed_once(
    admins: FlaskClient, store: Store, user: Account
) -> None:
    assert "1 mail of welcome is on its way." in told(
        admins, post(admins, f"{PEOPLE}welcome", a=[str(user.id)])
    )
    assert "1 mail of welcome" in told(admins, post(admins, f"{PEOPLE}welcome", all="1"))
    with store.read() as db:
        assert len(db.scalars(select(Welcome)).all()) == 2
    assert post(admins, f"{PEOPLE}welcome", a=["999"]).status_code == 404
