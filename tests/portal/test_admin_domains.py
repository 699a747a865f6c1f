"""Domains as a tenant's administrator changes and tests them."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from time_machine import Traveller

from mailstore import cutover, domains, mailboxes
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.domains import Domain, Takes
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox, MailboxKind
from mailstore.naming import checks, published, spf
from mailstore.naming.checks import CheckKind
from mailstore.naming.faults import Fault
from mailstore.naming.findings import Finding, Record, Said
from mailstore.naming.steps import Stage, Step
from mailstore.naming.troubles import Trouble
from mailstore.roles import AccountDomain
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.access import FRESH
from tests.factories import RecordedJobs, a_domain, an_accepted
from tests.portal.browsing import enter, happened, in_english, post, said, told

DATABASES = ["sqlite"]
PAGE = "/admin/domains/"
NEW = f"{PAGE}claims/new"
HOP = "mail.muster.example"
EVIL = "{{7*7}}{config}%(x)s<b>"


@pytest.fixture
def page(clock: Traveller, office: FlaskClient) -> FlaskClient:
    return in_english(office)


@pytest.fixture
def of_domain(clock: Traveller, app: Flask, store: Store, admin: Account) -> FlaskClient:
    """Return a browser of somebody who administers Anna's domain only."""
    with store.write() as db:
        domain = domains.named(db, "muster.example")
        a_domain(db, "second.example", tenant=db.get_one(Tenant, domain.tenant_id))
        db.execute(update(Account).where(Account.id == admin.id).values(role=Role.DOMAIN_ADMIN))
        db.add(AccountDomain(account_id=admin.id, domain_id=domain.id))
    opened = in_english(app.test_client())
    enter(opened, store, admin)
    return opened


def row(store: Store, mailbox: Mailbox) -> Domain:
    with store.read() as db:
        return db.get_one(Domain, mailbox.domain_id)


def done(store: Store, mailbox: Mailbox, kind: CheckKind, found: dict[str, Any]) -> None:
    with store.write() as db:
        domain = db.get_one(Domain, mailbox.domain_id)
        check_id = checks.ask(db, domain, kind, by="test")
        taken = checks.take(db, check_id) if check_id else None
        assert taken
        checks.done(db, taken[0], found)


def test_a_next_hop_that_a_tenant_sets_may_not_lead_inside(
    page: FlaskClient, store: Store, anna: Mailbox
) -> None:
    path = f"{PAGE}{anna.domain_id}"
    assert "goes there from now on" in told(
        page, post(page, f"{path}/hop", path, next_hop="127.1:25")
    )
    with store.read() as db:
        lane = db.get_one(Lane, row(store, anna).lane_id)
    assert (lane.route, lane.named_by, lane.trusted) == ("127.1:25", anna.tenant_id, False)
    wrong = post(page, f"{path}/hop", path, next_hop="a b")
    assert (wrong.status_code, "not a mail server" in said(wrong)) == (422, True)


def test_saving_the_next_hop_that_is_there_leaves_it_the_operators(
    page: FlaskClient, store: Store, anna: Mailbox
) -> None:
    path, before = f"{PAGE}{anna.domain_id}", row(store, anna).lane_id
    with store.read() as db:
        route = db.get_one(Lane, before).route
    assert "already" in told(page, post(page, f"{path}/hop", path, next_hop=route))
    assert row(store, anna).lane_id == before


def test_who_gets_what_is_for_nobody_is_chosen(
    page: FlaskClient, store: Store, anna: Mailbox, stranger: Mailbox
) -> None:
    path = f"{PAGE}{anna.domain_id}"
    for text in (stranger.address, "nobody@muster.example", "x"):
        answer = post(page, f"{path}/takes", path, takes="any", catch_all=text)
        assert answer.status_code == 422
    assert row(store, anna).takes is Takes.KNOWN
    post(page, f"{path}/takes", path, takes="any", catch_all=anna.address)
    with store.read() as db:
        found = mailboxes.resolve(db, Address.parse("whoever@muster.example"))
    assert found
    assert found.mailbox_id == anna.id
    post(page, f"{path}/takes", path, takes="callout", catch_all="")
    domain = row(store, anna)
    with store.read() as db:
        bucket = db.get_one(Mailbox, domain.catch_all_id)
    assert (domain.takes, bucket.kind) == (Takes.CALLOUT, MailboxKind.CATCH_ALL)
    assert [each.detail["takes"] for each in happened(store, "domain_takes_set")] == [
        "any", "callout",
    ]  # fmt: skip


def test_a_switched_off_mailbox_gets_nothing_and_the_bucket_does(
    page: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    path = f"{PAGE}{anna.domain_id}"
    post(page, f"{path}/takes", path, takes="any", catch_all=anna.address)
    with store.write() as db:
        db.execute(update(Mailbox).where(Mailbox.id == anna.id).values(active=False))
    with store.read() as db:
        found = mailboxes.resolve(db, Address.parse("whoever@muster.example"))
        assert found
        assert db.get_one(Mailbox, found.mailbox_id).kind is MailboxKind.CATCH_ALL


def test_the_next_hop_is_tested_and_each_step_is_shown(
    page: FlaskClient, store: Store, anna: Mailbox, jobs: RecordedJobs
) -> None:
    path = f"{PAGE}{anna.domain_id}"
    ends = {"ends": "2026-12-01"}
    steps = [
        Step(Stage.CONNECT, "mail:25", None, f"220 {EVIL}", 120),
        Step(Stage.TLS, "mail:25", Trouble.ENDS_SOON, "TLSv1.3", 9, ends),
    ]
    post(page, f"{path}/test", path)
    assert jobs.asked[-1][0] == "try_hop"
    assert "The test is running" in said(page.get(path))
    assert "a moment ago" in told(page, post(page, f"{path}/test", path))
    with store.write() as db:
        check = checks.of_domain(db, anna.domain_id, CheckKind.HOP)
        assert check
        taken = checks.take(db, check.id)
        assert taken
        checks.done(db, taken[0], {"steps": [each.packed() for each in steps]})
    shown = page.get(path)
    assert "The certificate ends soon: renew it." in said(shown)
    assert "2026-12-01" in said(shown)
    assert "220 {{7*7}}{config}%(x)s&lt;b&gt;" in shown.text


def test_a_test_message_goes_the_way_of_all_mail(
    page: FlaskClient, store: Store, beat: Mailbox
) -> None:
    path = f"{PAGE}{beat.domain_id}"
    assert "is on its way to beat@" in told(page, post(page, f"{path}/probe", path))
    with store.read() as db:
        sent = db.scalars(select(Delivery)).one()
    assert (sent.recipient, sent.lane_id) == (beat.address, row(store, beat).lane_id)
    assert "Test message to beat@muster.example:" in said(page.get(path))


def test_dns_is_shown_beside_what_to_publish(
    page: FlaskClient, store: Store, anna: Mailbox
) -> None:
    path = f"{PAGE}{anna.domain_id}/dns"
    assert "Nobody has looked yet" in said(page.get(path))
    found = [
        published.mx("muster.example", ["mx.mailhafen.test"], [(10, "old.example")]),
        spf.judge("muster.example", ["ip4:192.0.2.9"], ["v=spf1 +all"], {}),
        published.dmarc("muster.example", ["v=DMARC1; p=reject; rua=mailto:x@y.example"]),
    ]
    done(store, anna, CheckKind.DNS,
         {"records": [each.packed() for each in found], "addresses": ["192.0.2.9"]})  # fmt: skip
    shown = said(page.get(path))
    for text in ("10 mx.mailhafen.test.", "10 old.example.", "not through us yet", "“+all” lets",
                 "v=spf1 ip4:192.0.2.9 ~all", "192.0.2.9", "_dmarc.muster.example"):  # fmt: skip
        assert text in shown
    assert "DNS: see MX, SPF" in said(page.get(PAGE))


def test_what_leads_mail_here_comes_last_while_none_is_taken(
    page: FlaskClient, store: Store, anna: Mailbox
) -> None:
    found = [
        published.mx("muster.example", ["mx.mailhafen.test"], [(10, "old.example")]),
        spf.judge("muster.example", ["ip4:192.0.2.9"], [], {}),
        published.dmarc("muster.example", []),
    ]
    done(store, anna, CheckKind.DNS, {"records": [each.packed() for each in found]})
    with store.write() as db:
        cutover.prepare(db, anna.tenant_id, by="test")
    shown = said(page.get(f"{PAGE}{anna.domain_id}/dns"))
    assert shown.index("v=spf1 ip4:192.0.2.9 ~all") < shown.index("comes last")
    assert "not through us yet" not in shown
    assert "reports to dmarc@muster.example: set this address up" in shown
    listed = said(page.get(PAGE))
    assert ("DNS: see SPF" in listed, "mail flows" in listed) == (True, False)


def test_keys_are_asked_of_the_worker(
    page: FlaskClient, store: Store, anna: Mailbox, jobs: RecordedJobs
) -> None:
    path = f"{PAGE}{anna.domain_id}/dns"
    found = Finding(Record.DKIM, "", (), (), (Said(Fault.DKIM_NO_KEYS),))
    done(store, anna, CheckKind.DNS, {"records": [found.packed()]})
    assert 'href="#keys"' in page.get(path).text
    post(page, f"{path}/keys", path)
    assert jobs.asked[-1][0] == "look_at_dns"
    assert post(page, f"{path}/other", path).status_code == 404


def test_a_domain_that_something_hangs_on_stays(
    page: FlaskClient, store: Store, anna: Mailbox
) -> None:
    an_accepted(store, anna)
    path = f"{PAGE}{anna.domain_id}"
    shown = said(page.get(path))
    for text in ("only domain", "2 people have addresses", "1 message of it is still kept"):
        assert text in shown
    assert "cannot be removed yet" in told(page, post(page, f"{path}/remove", path))


@pytest.mark.parametrize("deed", ["hop", "takes", "test", "probe", "remove", "dns", "dns/keys"])
def test_a_domain_of_another_tenant_is_not_there(
    page: FlaskClient, store: Store, stranger: Mailbox, deed: str
) -> None:
    form = {"next_hop": HOP, "takes": "any"}
    assert post(page, f"{PAGE}{stranger.domain_id}/{deed}", PAGE, **form).status_code == 404
    assert page.get(f"{PAGE}{stranger.domain_id}").status_code == 404


def test_who_administers_some_domains_looks_and_tests_and_changes_nothing(
    of_domain: FlaskClient, store: Store, anna: Mailbox, jobs: RecordedJobs
) -> None:
    path = f"{PAGE}{anna.domain_id}"
    for shown in (of_domain.get(path), of_domain.get(f"{path}/dns"), of_domain.get(PAGE)):
        assert shown.status_code == 200
        assert "Add a domain" not in said(shown)
        assert "second.example" not in said(shown)
    with store.read() as db:
        second = domains.named(db, "second.example").id
    for other in (of_domain.get(f"{PAGE}{second}"), post(of_domain, f"{PAGE}{second}/test", path)):
        assert other.status_code == 404
    post(of_domain, f"{path}/test", path)
    assert jobs.asked[-1][0] == "try_hop"
    for deed in ("hop", "takes", "remove", "dns/keys"):
        assert post(of_domain, f"{path}/{deed}", path, next_hop=HOP).status_code == 404
    assert of_domain.get(NEW).status_code == 404


def test_who_proved_long_ago_who_they_are_proves_it_again(
    page: FlaskClient, store: Store, anna: Mailbox, clock: Traveller
) -> None:
    lane_id, path = row(store, anna).lane_id, f"{PAGE}{anna.domain_id}"
    clock.shift(FRESH + timedelta(seconds=1))
    answer = post(page, f"{path}/hop", path, next_hop=HOP, next=path)
    assert (answer.status_code, urlsplit(answer.location).path) == (303, "/sign-in/again")
    assert row(store, anna).lane_id == lane_id
