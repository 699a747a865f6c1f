from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import mailboxes, onboarding
from mailstore.addresses import Address
from mailstore.domains import Takes
from mailstore.errors import BadName, NotFound
from mailstore.events import Event
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox, MailboxKind
from mailstore.reports import links
from mailstore.reports.rows import Link
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import ANNA, a_domain, a_mailbox, a_tenant
from tests.reporting import keep

Clash = Callable[[Session, Mailbox], object]


def tenant_of(db: Session, mailbox: Mailbox) -> Tenant:
    return db.get_one(Tenant, mailbox.tenant_id)


CLASHES: dict[str, Clash] = {
    "tenant": lambda db, _: a_tenant(db, "muster.example"),
    "tenant without a name": lambda db, _: a_tenant(db, "  "),
    "domain": lambda db, anna: a_domain(db, tenant=tenant_of(db, anna)),
    "domain in another case": lambda db, _: a_domain(db, "MUSTER.Example.", tenant=a_tenant(db)),
    "domain of another tenant": lambda db, _: a_domain(db, tenant=a_tenant(db)),
    "not a domain": lambda db, _: a_domain(db, "not a domain", tenant=a_tenant(db)),
    "next hop": lambda db, _: a_domain(db, "new.example", next_hop="mail.example"),
    "mailbox": lambda db, _: a_mailbox(db, ANNA),
    "mailbox in another case": lambda db, _: a_mailbox(db, "Anna@muster.example"),
    "mailbox at an alias": lambda db, _: a_mailbox(db, "keller@muster.example"),
    "alias": lambda db, _: a_mailbox(db, "beat@muster.example", aliases=["keller@muster.example"]),
    "alias at a mailbox": lambda db, _: a_mailbox(db, "beat@muster.example", aliases=[ANNA]),
}


@pytest.mark.parametrize("clash", CLASHES.values(), ids=CLASHES)
def test_what_clashes_is_refused_with_a_sentence(store: Store, clash: Clash) -> None:
    with store.write() as db:
        anna = a_mailbox(db, ANNA, aliases=["keller@muster.example"])
    with pytest.raises(BadName, match=r"\.$"), store.write() as db:
        clash(db, anna)


@pytest.mark.parametrize("alias", ["info@other.example", "info@nowhere.example"])
def test_an_alias_in_a_domain_that_is_not_the_tenants_is_refused(store: Store, alias: str) -> None:
    with store.write() as db:
        a_domain(db, "other.example")
    with pytest.raises(BadName), store.write() as db:
        a_mailbox(db, ANNA, aliases=[alias])


@pytest.mark.parametrize(
    ("language", "zone"), [("rm", "Europe/Zurich"), ("de", "Europe/Bern"), ("de", "../etc/passwd")]
)
def test_a_tenant_speaks_a_language_and_lives_in_a_zone(
    store: Store, language: str, zone: str
) -> None:
    with pytest.raises(BadName), store.write() as db:
        onboarding.add_tenant(db, "Muster AG", language=language, zone=zone, by="test")


def test_domains_with_the_same_next_hop_share_a_lane(store: Store) -> None:
    with store.write() as db:
        first = a_domain(db, "one.example", next_hop="mail.example:25")
        second = a_domain(db, "two.example", next_hop="MAIL.example:25")
        third = a_domain(db, "three.example", next_hop="mail.example:26")
        assert first.lane_id == second.lane_id != third.lane_id
        assert db.get_one(Lane, first.lane_id).route == "mail.example:25"


def test_a_domain_gets_its_catch_all(store: Store) -> None:
    with store.write() as db:
        domain = a_domain(db, takes=Takes.ANY)
        bucket = db.get_one(Mailbox, domain.catch_all_id)
    assert (bucket.kind, bucket.domain_id) == (MailboxKind.CATCH_ALL, domain.id)
    assert bucket.report_due_at is None


def test_the_first_report_is_due_at_nine_in_the_tenants_zone(store: Store) -> None:
    with time_machine.travel(datetime(2026, 10, 24, 12, tzinfo=UTC)), store.write() as db:
        mailbox = a_mailbox(db)
    assert mailbox.report_due_at == datetime(2026, 10, 25, 8, tzinfo=UTC)


def test_everything_added_is_in_the_log_with_who_did_it(store: Store) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db)
        onboarding.add_alias(db, mailbox, Address.parse("keller@muster.example"), by="operator")
        logged = db.execute(select(Event.kind, Event.by).order_by(Event.id)).all()
    added = ["tenant_added", "domain_added", "mailbox_added", "alias_added"]
    assert [kind for kind, _ in logged] == added
    assert logged[-1].by == "operator"


INFO = "info@muster.example"


def moved(store: Store, alias: str, to: str) -> None:
    with store.write() as db:
        mailbox = mailboxes.at(db, Address.parse(to))
        assert mailbox is not None
        onboarding.move_alias(db, Address.parse(alias), mailbox, by="test")


def test_an_alias_that_moves_leads_elsewhere_and_ends_links_of_before(store: Store) -> None:
    with store.write() as db:
        before, after = a_mailbox(db, ANNA, aliases=[INFO]), a_mailbox(db, "beat@muster.example")
    keep(store, before)
    moved(store, INFO, after.address)
    with store.read() as db:
        found = mailboxes.resolve(db, Address.parse(INFO))
        assert found is not None
        assert found.mailbox_id == after.id
        found_links = [links.alive(db, each) for each in db.scalars(select(Link.id))]
    assert found_links
    assert all(link is None or link[1] for link in found_links)


@pytest.mark.parametrize(
    ("alias", "error"),
    [(ANNA, BadName), ("nobody@muster.example", NotFound), ("eve@elsewhere.example", NotFound)],
    ids=["main address", "unknown", "another tenant's"],
)
def test_what_is_no_alias_here_does_not_move(
    store: Store, alias: str, error: type[Exception]
) -> None:
    with store.write() as db:
        for each in (ANNA, "beat@muster.example", "eve@elsewhere.example"):
            a_mailbox(db, each)
    with pytest.raises(error):
        moved(store, alias, "beat@muster.example")
