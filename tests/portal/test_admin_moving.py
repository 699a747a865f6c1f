import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from mailstore import accounts, mailboxes
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox, Right
from mailstore.moving import carrying, unknown
from mailstore.moving.rows import Moving, MovingState
from mailstore.roles import AccountDomain
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import a_domain, a_mailbox, an_account
from tests.mailstore.moving import files
from tests.mailstore.moving.moved import a_moving
from tests.portal.browsing import csrf, enter, in_english, post, said, stock, told

IMPORT = "/admin/import/"
HOSTILE = (
    "name,address,aliases,kind,role,tenant_id,is_admin\n{{7*7}}<b>,x@muster.example,,,admin,99,1\n"
)


def send(client: FlaskClient, raw: bytes, name: str = "people.csv") -> TestResponse:
    form = {"csrf_token": csrf(client), "file": (io.BytesIO(raw), name)}
    return client.post(IMPORT, data=form, content_type="multipart/form-data")


def previewed(client: FlaskClient, text: str) -> str:
    """Return the path of the preview of a file."""
    answer = send(in_english(client), text.encode())
    assert answer.status_code == 303
    return answer.location


def row_of(store: Store, path: str) -> Moving:
    with store.read() as db:
        return db.get_one(Moving, int(path.rpartition("/")[2]))


@pytest.fixture
def some(store: Store, anna: Mailbox, hashed: str) -> Account:
    """Return the account of Dora, who administers a domain of the tenant that Anna is not of."""
    with store.write() as db:
        tenant = db.get_one(Domain, anna.domain_id).tenant_id
        other = a_domain(db, "second.example", tenant=db.get_one(Tenant, tenant))
        dora = an_account(db, a_mailbox(db, "dora@second.example"), role=Role.DOMAIN_ADMIN)
        db.add(AccountDomain(account_id=dora.id, domain_id=other.id))
        return dora


def test_a_file_is_shown_before_anything_changes_and_then_carried_out(
    office: FlaskClient, store: Store
) -> None:
    path = previewed(office, files.OWN + "X,x@elsewhere.example,,\n")
    before = stock(store)
    page = said(office.get(path))
    for text in ("New people and mailboxes 1", "Changes to people who are here 1",
                 "Line 4 The domain of “x@elsewhere.example”", "info@muster.example"):  # fmt: skip
        assert text in page
    assert stock(store) == before
    answer = post(office, path, chosen="1", accounts="1", names="1", administrators="1")
    assert "The import is under way" in told(office, answer)
    carrying.move_in(store, row_of(store, path).id)
    page = said(office.get(path))
    assert "The import is done" in page
    assert "Line 4" in page
    assert "data-live" not in office.get(path).text


def test_what_is_chosen_changes_what_is_shown(office: FlaskClient) -> None:
    path = previewed(office, files.OWN)
    assert "Info info@muster.example, a shared mailbox" in said(office.get(f"{path}?part=new"))
    line = said(office.get(f"{path}?part=changed&chosen=1"))
    assert "anna@muster.example, new alias ak@muster.example" in line
    assert "can sign in" not in line
    assert "can sign in from now on" in said(office.get(f"{path}?part=changed"))


def test_who_is_not_in_the_file_is_switched_off_only_if_that_is_ticked(
    office: FlaskClient, store: Store, anna: Mailbox
) -> None:
    for ticked in ({}, {"switch_off": "1"}):
        path = previewed(office, "address\nnew@muster.example\n")
        assert "Anna Keller anna@muster.example" in said(office.get(f"{path}?part=missing"))
        post(office, path, chosen="1", **ticked)
        carrying.move_in(store, row_of(store, path).id)
        with store.read() as db:
            assert db.get_one(Mailbox, anna.id).active is not bool(ticked)


def test_a_file_can_be_forgotten_or_ended(office: FlaskClient, store: Store) -> None:
    path = previewed(office, files.OWN)
    assert "Nothing was changed" in told(office, post(office, f"{path}/stop"))
    assert row_of(store, path).state is MovingState.STOPPED
    post(office, path, chosen="1")
    assert row_of(store, path).state is MovingState.STOPPED


@pytest.mark.parametrize(
    ("raw", "name", "text"),
    [
        (b"", "x.csv", "The file is empty."), (b"PK\x03\x04x", "x.xlsx", "damaged"),
        (b"Phone\n1\n", "../../etc/passwd", "No column"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_with_a_sentence(
    office: FlaskClient, store: Store, raw: bytes, name: str, text: str
) -> None:
    answer = send(in_english(office), raw, name)
    assert answer.status_code == 422
    assert text in said(answer)
    with store.read() as db:
        assert db.scalar(select(Moving.id)) is None


def test_the_name_of_a_file_leads_nowhere_and_its_columns_give_no_power(
    office: FlaskClient, store: Store
) -> None:
    answer = send(in_english(office), HOSTILE.encode(), "../../<i>people.csv")
    page = office.get(answer.location).text
    assert "{{7*7}}&lt;b&gt;" in office.get(f"{answer.location}?part=new").text
    assert "<i>people" not in page
    assert "Columns that are left out: role, tenant_id, is_admin." in said(
        office.get(answer.location)
    )
    post(office, answer.location, chosen="1", accounts="1", role="admin", tenant_id="99")
    carrying.move_in(store, row_of(store, answer.location).id)
    with store.read() as db:
        made = accounts.find(db, "x@muster.example")
        assert made is not None
        assert (made.role, made.tenant_id) == (Role.USER, row_of(store, answer.location).tenant_id)
        assert made.name == "{{7*7}}<b>"
    people = office.get("/admin/people/").text
    assert "{{7*7}}&lt;b&gt;" in people


@pytest.mark.parametrize("who", ["client", "browser"], ids=["nobody", "a person"])
def test_nobody_else_imports_anything(
    request: pytest.FixtureRequest, store: Store, who: str
) -> None:
    visitor: FlaskClient = request.getfixturevalue(who)
    assert send(visitor, files.OWN.encode()).status_code == (401 if who == "client" else 404)
    assert visitor.get("/admin/people/people.csv").status_code in (303, 404)
    with store.read() as db:
        assert db.scalar(select(Moving.id)) is None


def test_a_file_of_another_administrator_is_not_there(
    office: FlaskClient, store: Store, user: Account, stranger: Mailbox
) -> None:
    for row in (
        a_moving(store, user.tenant_id or 0, user), a_moving(store, stranger.tenant_id, None),
    ):  # fmt: skip
        assert office.get(f"{IMPORT}{row.id}").status_code == 404
        assert post(office, f"{IMPORT}{row.id}", chosen="1").status_code == 404
        assert post(office, f"{IMPORT}{row.id}/stop").status_code == 404
        assert row_of(store, f"/{row.id}").state is MovingState.PLANNED


def test_who_administers_a_domain_brings_nobody_into_another(
    app: Flask, store: Store, some: Account
) -> None:
    client = app.test_client()
    enter(client, store, some)
    path = previewed(client, "address\nx@second.example\nx@muster.example\n")
    assert "Line 3 The domain of “x@muster.example”" in said(client.get(path))
    post(client, path, chosen="1", accounts="1", switch_off="1")
    carrying.move_in(store, row_of(store, path).id)
    with store.read() as db:
        assert mailboxes.at(db, Address("x", "second.example")) is not None
        assert mailboxes.at(db, Address("x", "muster.example")) is None


def test_who_administers_a_domain_changes_nobody_who_administers(
    app: Flask, store: Store, some: Account
) -> None:
    with store.write() as db:
        boss = a_mailbox(db, "boss@second.example", name="Boss")
        their = an_account(db, boss, role=Role.ADMIN)
        # Who was switched off before they were given the role is so still.
        db.get_one(Mailbox, boss.id).active = their.active = False
    client = in_english(app.test_client())
    enter(client, store, some)
    answer = post(client, "/admin/people/", address=boss.address)
    assert "is here already" in said(answer)
    path = previewed(client, f"name,address,aliases\nFool,{boss.address},b@second.example\n")
    assert "Lines of people who administer" not in said(client.get(path))
    post(client, path, chosen="1", accounts="1", names="1", administrators="1")
    carrying.move_in(store, row_of(store, path).id)
    with store.read() as db:
        for each in (db.get_one(Mailbox, boss.id), db.get_one(Account, their.id)):
            assert (each.name, each.active) == ("Boss", False)
        assert mailboxes.at(db, Address("b", "second.example")) is None


def test_who_administers_a_domain_gets_nobody_in_who_reads_mail_of_another(
    app: Flask, store: Store, some: Account, anna: Mailbox
) -> None:
    with store.write() as db:
        carl = an_account(db, a_mailbox(db, "carl@second.example"))
    client = in_english(app.test_client())
    enter(client, store, some)
    page = f"/admin/people/{carl.id}"
    assert post(client, f"{page}/code", page).status_code == 200
    with store.write() as db:
        accounts.grant(db, carl.id, anna.id, Right.DELEGATE)
    assert "or reads mail of other domains" in said(client.get(page))
    for deed in ("code", "reset"):
        assert post(client, f"{page}/{deed}", "/admin/people/").status_code == 404


def test_who_administers_a_domain_takes_no_alias_at_another_away(
    app: Flask, store: Store, some: Account
) -> None:
    sales = Address("sales", "muster.example")
    with store.write() as db:
        carl = a_mailbox(db, "carl@second.example", aliases=[str(sales), "c@second.example"])
        zoe = a_mailbox(db, "zoe@second.example")
        db.get_one(Mailbox, carl.id).heard_at -= unknown.IDLE * 2
    client = in_english(app.test_client())
    enter(client, store, some)
    page = f"/admin/mailboxes/{carl.id}/alias/remove"
    for form in ({"alias": f" {sales}"}, {"alias": str(sales), "to": zoe.address}):
        assert "is none that you administer" in told(client, post(client, page, **form))
    form = {"one": f"alias {carl.id}", f"to:{carl.id}": zoe.address}
    answer = post(client, "/admin/addresses/idle", **form)
    assert "is none that you administer" in told(client, answer)
    post(client, page, alias="c@second.example", to=zoe.address)
    with store.read() as db:
        led = [mailboxes.at(db, each) for each in (sales, Address("c", "second.example"))]
        assert [each and each.address for each in led] == [carl.address, zoe.address]
        assert db.get_one(Mailbox, carl.id).active


def test_who_administers_a_domain_sees_only_its_people(
    app: Flask, store: Store, some: Account, anna: Mailbox, user: Account, stranger: Mailbox
) -> None:
    client = in_english(app.test_client())
    enter(client, store, some)
    page = said(client.get("/admin/people/"))
    assert some.email in page
    assert user.email not in page
    csv = client.get("/admin/people/people.csv").text
    assert re.findall(r"[^;]+@[^;]+", csv) == ["dora@second.example"]
    for path in (f"/admin/people/{user.id}", f"/admin/mailboxes/{anna.id}",
                 f"/admin/mailboxes/{stranger.id}"):  # fmt: skip
        assert client.get(path).status_code == 404
    own = client.get(f"/admin/people/{some.id}")
    assert "administers too" in said(own)
    assert post(client, f"/admin/people/{some.id}/code").status_code == 404
