"""What administrators may do with policies, and what no form of theirs can."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from mailstore import protection
from mailstore.accounts import Role
from mailstore.mailboxes import Mailbox
from mailstore.policies import PolicyRow
from mailstore.roles import AccountDomain
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import a_domain, a_mailbox
from tests.portal.browsing import an_owner, csrf, enter, in_english, post, said, stock
from tests.portal.policing import PAGE, TENANT, copied, holds, recommended, save, seen

LITERAL = "{{7*7}} {% raw %} {x} %(x)s <b>"


@pytest.fixture
def english(office: FlaskClient) -> FlaskClient:
    return in_english(office)


@pytest.fixture
def at_domain(anna: Mailbox) -> str:
    return f"{PAGE}domain/{anna.domain_id}"


@pytest.fixture
def at_anna(anna: Mailbox) -> str:
    return f"{PAGE}mailbox/{anna.id}"


@pytest.fixture
def keeper(app: Flask, store: Store, beat: Mailbox) -> FlaskClient:
    """Return a browser of Beat's, who administers the domain of Anna and himself."""
    account = an_owner(store, beat, role=Role.DOMAIN_ADMIN)
    with store.write() as db:
        db.add(AccountDomain(account_id=account.id, domain_id=beat.domain_id))
    client = app.test_client()
    enter(client, store, account)
    return in_english(client)


@pytest.fixture
def beyond(store: Store, beat: Mailbox) -> Mailbox:
    """Return a mailbox at another domain of the same tenant."""
    with store.write() as db:
        a_domain(db, "beyond.example", tenant=db.get_one(Tenant, beat.tenant_id))
        return a_mailbox(db, "carl@beyond.example")


def test_what_a_form_has_besides_is_ignored(
    english: FlaskClient, store: Store, anna: Mailbox, stranger: Mailbox, at_domain: str
) -> None:
    more: dict[str, Any] = {
        "tenant_id": stranger.tenant_id, "id": 1, "parent_id": 1, "under": "chosen",
        "mandatory": "", "allowed": "bob@there.example", "policy": 1, "policy_id": 1,
        "rights.virus": "deliver", "keep_days": "9", "level": "tenant",
    }  # fmt: skip
    own, before = copied(store, anna), stock(store)
    for path in (f"{PAGE}{own}", at_domain):
        assert save(english, path, "report_empty", "yes", **more).status_code == 303
    assert post(english, f"{PAGE}{own}/copy", PAGE, **more, name="Mine").status_code == 303
    after = stock(store)
    for table in ("tenants", "mailboxes", "accounts"):
        assert after[table] == before[table]
    with store.read() as db:
        rows = db.scalars(select(PolicyRow).where(PolicyRow.tenant_id.is_not(None))).all()
    assert [each.values for each in rows] == [{"report_empty": True}] * 3
    assert {each.tenant_id for each in rows} == {anna.tenant_id}


@pytest.mark.parametrize(
    "name", ["mandatory", "allowed", "tenant_id", "chosen_score", "weights", ""]
)
def test_no_form_sets_what_is_no_value(
    english: FlaskClient, store: Store, at_domain: str, name: str
) -> None:
    before = stock(store, without=seen)
    for path in (at_domain, TENANT):
        assert save(english, path, name, "x").status_code == 400
    assert post(english, TENANT, PAGE, deed="assign", policy="above").status_code == 400
    assert stock(store, without=seen) == before


def test_a_policy_of_another_tenant_is_nowhere(
    english: FlaskClient, store: Store, stranger: Mailbox, at_domain: str, at_anna: str
) -> None:
    theirs = copied(store, stranger, "Secret")
    before = stock(store, without=seen)
    page = f"{PAGE}{theirs}"
    assert english.get(page).status_code == 404
    for path in (page, f"{page}/copy", f"{page}/rename", f"{page}/delete"):
        assert save(english, path, "report", "no").status_code == 404
    for path in (TENANT, at_domain, at_anna):
        assert post(english, path, PAGE, deed="assign", policy=theirs).status_code == 404
        assert "Secret" not in english.get(path).text
    assert "Secret" not in english.get(PAGE).text
    assert stock(store, without=seen) == before


def test_a_recommended_policy_cannot_be_changed(english: FlaskClient, store: Store) -> None:
    page, before = f"{PAGE}{recommended(store)}", stock(store, without=seen)
    for path in (page, f"{page}/rename", f"{page}/delete"):
        assert save(english, path, "report", "no").status_code == 404
    assert "value-fixed" in english.get(page).text
    assert stock(store, without=seen) == before


def test_an_administrator_of_domains_has_these_and_their_people_only(
    keeper: FlaskClient, store: Store, anna: Mailbox, beyond: Mailbox, at_domain: str, at_anna: str
) -> None:
    own = copied(store, anna)
    index = said(keeper.get(PAGE))
    assert "muster.example" in index
    assert "beyond.example" not in index
    for path in (at_domain, at_anna):
        assert save(keeper, path, "quarantine_at", "4").status_code == 303
        assert post(keeper, path, PAGE, deed="assign", policy=own).status_code == 303
    assert keeper.get(f"{PAGE}{own}").status_code == 200
    assert "anna@" not in said(keeper.get(f"{PAGE}{own}"))
    before, token = stock(store, without=seen), csrf(keeper, PAGE)
    others = (f"{PAGE}domain/{beyond.domain_id}", f"{PAGE}mailbox/{beyond.id}", TENANT)
    for path in (*others, f"{PAGE}protected/"):
        assert keeper.get(path).status_code == 404
    for path in (
        *others, f"{PAGE}{own}", f"{PAGE}{own}/copy", f"{PAGE}{own}/rename", f"{PAGE}{own}/delete",
        f"{PAGE}protected/people", f"{PAGE}protected/partners",
    ):  # fmt: skip
        answer = post(keeper, path, token=token, deed="set", name="report", value="no")
        assert answer.status_code == 404
    assert stock(store, without=seen) == before


def test_texts_of_a_tenant_are_shown_as_they_are(
    english: FlaskClient, store: Store, anna: Mailbox, at_domain: str
) -> None:
    own = f"{PAGE}{copied(store, anna, LITERAL)}"
    save(english, at_domain, "newsletter_tag", LITERAL[:40])
    post(english, f"{PAGE}protected/people", PAGE, name=LITERAL, address="x@there.example")
    post(english, at_domain, PAGE, deed="assign", policy=own.rpartition("/")[2])
    for page in (PAGE, own, at_domain, f"{PAGE}protected/"):
        text = said(english.get(page))
        assert LITERAL in text
        assert "49" not in text
    with store.read() as db:
        assert protection.people_of(db, anna.tenant_id)[0].name == LITERAL
    assert holds(store, anna).newsletter_tag == LITERAL[:40]


def test_a_value_that_somebody_was_led_to_is_open(office: FlaskClient) -> None:
    page = office.get("/admin/policies/tenant?open=report_tagged").text
    assert page.count('<details class="value" open>') == 1
