import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from mailstore import accounts, codes, cutover
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.codes import CodeKind
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.tenants import Tenant, TenantState
from tests.factories import with_factor
from tests.portal.browsing import enter, in_english, post, said, sign_in, stock, told

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PAGE, NEW = "/operator/", "/operator/new"
FORM = {
    "name": "Neu {{7*7}} AG", "domain": "Neu.Example", "next_hop": "mail.neu.example:25",
    "administrator": "carla@neu.example", "person": "Carla", "language": "it",
    "zone": "Europe/Zurich",
}  # fmt: skip


@pytest.fixture
def operator(app: Flask, store: Store) -> FlaskClient:
    """Return a browser in which the operator is signed in."""
    with store.write() as db:
        root = Address.parse("root@ops.example")
        account = with_factor(accounts.add_account(db, root, Role.OPERATOR, None, by="test"))
    client = in_english(app.test_client())
    enter(client, store, account)
    return client


def of_anna(anna: Mailbox) -> str:
    return f"{PAGE}{anna.tenant_id}"


def test_an_operator_brings_a_customer_in_who_signs_in_with_the_code(
    app: Flask, operator: FlaskClient, store: Store
) -> None:
    answer = post(operator, NEW, NEW, **FORM)
    assert answer.status_code == 200
    assert "Neu {{7*7}} AG is here." in said(answer)
    code = "".join(re.findall(r"<span>([2-9A-Z]{4})</span>", answer.text))
    with store.read() as db:
        carla = accounts.named(db, "carla@neu.example")
        tenant = db.get_one(Tenant, carla.tenant_id)
    assert (carla.role, carla.name, carla.password_hash) == (Role.ADMIN, "Carla", None)
    assert (tenant.state, tenant.language) == (TenantState.PREPARING, "it")
    client = in_english(app.test_client())
    assert sign_in(client, carla.email, code).status_code == 303
    # Whoever administers others has a second factor first.
    assert client.get("/admin/start/").location.startswith("/profile/password/factor")
    assert "Neu {{7*7}} AG" in said(operator.get(PAGE))
    assert "Neu {{7*7}} AG" in said(operator.get(f"{PAGE}?q=NEU.ex"))
    assert "Neu {{7*7}} AG" not in said(operator.get(f"{PAGE}?q=muster"))
    assert "No customer found" in said(operator.get(f"{PAGE}?q=nowhere"))


def test_names_of_a_customer_and_its_administrator_stand_on_one_line(
    operator: FlaskClient, store: Store
) -> None:
    names = {"name": "Neu\r\nBcc: x AG", "person": "Carla\r\nBcc: x@there.example"}
    assert post(operator, NEW, NEW, **FORM | names).status_code == 200
    with store.read() as db:
        carla = accounts.named(db, "carla@neu.example")
        tenant = db.get_one(Tenant, carla.tenant_id)
    assert (tenant.name, carla.name) == ("Neu Bcc: x AG", "Carla Bcc: x@there.example")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"domain": "no domain"}, {"domain": "-x; reboot"}, {"next_hop": "mail"},
        {"next_hop": "192.0.2.300:25"},
        {"next_hop": "$(id):25"}, {"administrator": "carla"}, {"zone": "Mars/Base"},
        {"administrator": "carla@elsewhere.example"}, {"language": "rm"}, {"name": "a\x07b"},
        {"domain": "muster.example", "administrator": "x@muster.example"},
        {"name": "muster.example"},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_is_said_at_its_field_and_changes_nothing(
    operator: FlaskClient, store: Store, anna: Mailbox, wrong: dict[str, str]
) -> None:
    before = stock(store, without=lambda column: column == "sign_ins.seen_at")
    answer = post(operator, NEW, NEW, **FORM | wrong)
    assert answer.status_code == 422
    assert "invalid-feedback" in answer.text or "taken" in said(answer)
    assert stock(store, without=lambda column: column == "sign_ins.seen_at") == before


def test_an_operator_stops_mail_of_a_customer_and_begins_again(
    operator: FlaskClient, store: Store, anna: Mailbox
) -> None:
    page = of_anna(anna)
    answer = post(operator, f"{page}/suspend", page, reason="Invoice 12 is open.")
    assert "is not taken any more" in told(operator, answer)
    assert "Invoice 12 is open." in said(operator.get(page))
    assert "is taken again" in told(operator, post(operator, f"{page}/resume", page))
    with store.write() as db:
        assert db.get_one(Tenant, anna.tenant_id).state is TenantState.LIVE
        cutover.prepare(db, anna.tenant_id, by="test")
    post(operator, f"{page}/suspend", page, reason="")
    assert "prepares again" in told(operator, post(operator, f"{page}/resume", page))


def test_an_operator_lets_an_administrator_in_and_nobody_else(
    operator: FlaskClient, store: Store, anna: Mailbox, admin: Account, user: Account
) -> None:
    page = of_anna(anna)
    assert post(operator, f"{page}/code/{user.id}", page).status_code == 404
    shown = post(operator, f"{page}/code/{admin.id}", page)
    assert (shown.status_code, "administrator of muster.example" in said(shown)) == (200, True)
    with store.read() as db:
        assert db.scalar(
            select(codes.outstanding(CodeKind.EMERGENCY)).where(Account.id == admin.id)
        )
        assert not db.scalar(
            select(codes.outstanding(CodeKind.EMERGENCY)).where(Account.id == user.id)
        )


def test_an_operator_has_no_mail_and_is_led_to_the_customers(operator: FlaskClient) -> None:
    assert operator.get("/").location == operator.get("/admin/").location == PAGE
    page = operator.get(PAGE).text
    assert not re.search(r'href="/(webmail|quarantine)/"', page)
    assert operator.get("/admin/people/").status_code == 404


@pytest.mark.parametrize("path", ["", "new", "1"])
def test_nobody_else_sees_the_customers(office: FlaskClient, path: str) -> None:
    assert office.get(f"{PAGE}{path}").status_code == 404
    for deed in ("new", "1/suspend", "1/resume", "1/code/1"):
        assert post(office, f"{PAGE}{deed}", "/profile/contact").status_code == 404
