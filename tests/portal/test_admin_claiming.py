"""Domains as a tenant's administrator adds and removes them."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox
from mailstore.naming import claims
from mailstore.naming.claims import DomainClaim
from mailstore.naming.proofs import Seen
from mailstore.store import Store
from tests.factories import RecordedJobs
from tests.portal.browsing import in_english, post, said, told

DATABASES = ["sqlite"]
PAGE = "/admin/domains/"
NEW = f"{PAGE}claims/new"
HOP = "mail.muster.example"
EVIL = "{{7*7}}{config}%(x)s<b>"


@pytest.fixture
def page(office: FlaskClient) -> FlaskClient:
    return in_english(office)


def add(page: FlaskClient, name: str, hop: str = HOP, alias: int = 0) -> TestResponse:
    return post(page, NEW, NEW, name=name, next_hop=hop, alias_of=str(alias))


def the_claim(store: Store) -> DomainClaim:
    with store.read() as db:
        return db.scalars(select(DomainClaim)).one()


def test_a_domain_is_claimed_shown_with_its_record_and_becomes_ours_by_proof(
    page: FlaskClient, store: Store, jobs: RecordedJobs, admin: Account
) -> None:
    answer = add(page, "Zürich.Example.")
    claim = the_claim(store)
    assert (claim.name, claim.next_hop, claim.by) == (
        "xn--zrich-kva.example", f"{HOP}:25", admin.email,
    )  # fmt: skip
    shown = said(page.get(answer.location))
    assert "_mailhafen-challenge.xn--zrich-kva.example" in shown
    assert claim.record in shown
    assert "We are asking DNS now" in shown
    assert ("check_claim", claim.id) in jobs.asked
    with store.write() as db:
        claims.settle(db, claim.id, Seen.NOTHING)
    assert "not there yet" in said(page.get(answer.location))
    with store.write() as db:
        claims.settle(db, claim.id, Seen.PROVEN)
    assert "The domain is yours" in said(page.get(answer.location))
    assert "waits for its proof" not in said(page.get(PAGE))


@pytest.mark.parametrize(
    ("name", "hop", "expected"),
    [
        ("-x.example;id", HOP, "not a domain name"),
        ("", HOP, "not a domain name"),
        ("muster.example", HOP, "one of your domains already"),
        ("new.example", "--oProxyCommand=id:25", "not a mail server"),
        ("new.example", "mail.example:25\nRCPT", "not a mail server"),
        ("new.example", "`id`:25", "not a mail server"),
        ("new.example", "", "not a mail server"),
        ("new.example", "mx.mailhafen.test", "in a circle"),
        ("new.example", "mx:muster.example", "in a circle"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(
    page: FlaskClient, store: Store, name: str, hop: str, expected: str
) -> None:
    answer = add(page, name, hop)
    assert (answer.status_code, expected in said(answer)) == (422, True)
    with store.read() as db:
        assert db.scalar(select(DomainClaim.id)) is None


def test_what_was_typed_is_shown_as_it_was(page: FlaskClient) -> None:
    answer = add(page, EVIL, EVIL)
    assert answer.status_code == 422
    assert "{{7*7}}" in answer.text
    assert "<b>" not in answer.text


def test_a_claim_is_checked_on_demand_and_withdrawn(
    page: FlaskClient, store: Store, jobs: RecordedJobs
) -> None:
    path = add(page, "new.example").location.partition("?")[0]
    claim = the_claim(store)
    assert "already" in said(add(page, "NEW.example"))
    jobs.asked.clear()
    post(page, f"{path}/check")
    assert jobs.asked == [("check_claim", claim.id)]
    assert "not claimed any more" in told(page, post(page, f"{path}/withdraw"))
    assert page.get(path).status_code == 404


def test_an_alias_stands_for_another_domain(page: FlaskClient, store: Store, anna: Mailbox) -> None:
    add(page, "muster.test", "", anna.domain_id)
    claim = the_claim(store)
    with store.write() as db:
        domain = claims.settle(db, claim.id, Seen.PROVEN)
    assert domain
    shown = said(page.get(f"{PAGE}{domain.id}"))
    assert "those of muster.example" in shown
    assert "Test the mail server" not in shown
    assert post(page, f"{PAGE}{domain.id}/hop", PAGE, next_hop=HOP).status_code == 404


def test_a_domain_that_nothing_hangs_on_goes(
    page: FlaskClient, store: Store, anna: Mailbox
) -> None:
    add(page, "new.example")
    with store.write() as db:
        domain = claims.settle(db, the_claim(store).id, Seen.PROVEN)
    assert domain
    path = f"{PAGE}{domain.id}"
    assert "not one of your domains" in told(page, post(page, f"{path}/remove", path))
    assert page.get(path).status_code == 404
