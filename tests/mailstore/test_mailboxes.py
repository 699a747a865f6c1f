from typing import Any

import pytest
from sqlalchemy.orm import Session

from mailstore import mailboxes, policies
from mailstore.addresses import Address
from mailstore.domains import Domain, Takes, ours
from mailstore.envelopes import Recipient
from mailstore.policies import WITHOUT_REPORT
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import ANNA, a_domain, a_mailbox, the_recipient


def resolve(db: Session, text: str) -> Recipient | None:
    return mailboxes.resolve(db, Address.parse(text))


@pytest.mark.parametrize(
    "address",
    [
        ANNA, "Anna@Muster.Example", "keller@muster.example", "anna+lists@muster.example",
        "anna+a+b@muster.example", "KELLER+x@muster.example", "anna@alias.example",
        "keller+x@alias.example",
    ],
    ids=[
        "exact", "other case", "alias", "tag", "two tags", "tag on an alias", "alias domain",
        "all of it",
    ],
)  # fmt: skip
def test_an_address_leads_to_its_mailbox(store: Store, address: str) -> None:
    with store.write() as db:
        anna = a_mailbox(db, ANNA, aliases=["keller@muster.example"])
        domain = db.get_one(Domain, anna.domain_id)
        tenant = db.get_one(Tenant, anna.tenant_id)
        a_domain(db, "alias.example", tenant=tenant).alias_of_id = domain.id
        db.flush()
        recipient = resolve(db, address)
    assert recipient is not None
    assert recipient.mailbox_id == anna.id
    assert (recipient.domain_id, recipient.lane_id) == (domain.id, domain.lane_id)
    assert recipient.address == Address.parse(address)


@pytest.mark.parametrize(
    "address",
    ["beat@muster.example", "annak@muster.example", "+x@muster.example", "anna@else.example",
     "anna@sub.muster.example", "postmaster@else.example", "*@muster.example"],
    ids=["nobody", "longer", "only a tag", "another domain", "subdomain", "postmaster elsewhere",
         "the bucket itself"],
)  # fmt: skip
def test_an_address_nobody_has_leads_nowhere(store: Store, address: str) -> None:
    with store.write() as db:
        a_mailbox(db)
        assert resolve(db, address) is None


@pytest.mark.parametrize(
    ("takes", "address", "expected"),
    [
        (Takes.KNOWN, "beat@muster.example", False),
        (Takes.ANY, "beat@muster.example", True),
        (Takes.KNOWN, "postmaster@muster.example", True),
        (Takes.KNOWN, "PostMaster@muster.example", True),
        (Takes.ANY, "postmaster@muster.example", True),
    ],
    ids=["known only", "any", "postmaster", "postmaster in another case", "postmaster among any"],
)
def test_the_catch_all_takes_what_the_domain_says_and_postmaster_always(
    store: Store, takes: Takes, address: str, expected: bool
) -> None:
    with store.write() as db:
        domain = a_domain(db, takes=takes)
        recipient = resolve(db, address)
    found = recipient is not None and recipient.mailbox_id == domain.catch_all_id
    assert found is expected


def test_a_mailbox_for_postmaster_comes_before_the_catch_all(store: Store) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db, "postmaster@muster.example")
        assert the_recipient(db, "postmaster@muster.example").mailbox_id == mailbox.id


def test_a_tag_with_a_mailbox_of_its_own_comes_before_the_base(store: Store) -> None:
    with store.write() as db:
        a_mailbox(db, ANNA)
        own = a_mailbox(db, "anna+club@muster.example")
        assert the_recipient(db, "anna+club@muster.example").mailbox_id == own.id


@pytest.mark.parametrize("address", [ANNA, "anna+x@muster.example"], ids=["exact", "tag"])
def test_an_inactive_mailbox_takes_nothing(store: Store, address: str) -> None:
    with store.write() as db:
        a_mailbox(db).active = False
        db.flush()
        assert resolve(db, address) is None


def test_the_recipient_carries_the_days_of_its_tenant(store: Store) -> None:
    with store.write() as db:
        tenant = db.get_one(Tenant, a_mailbox(db).tenant_id)
        tenant.keep_days, tenant.held_days = 10, 40
        db.flush()
        recipient = the_recipient(db)
    assert (recipient.tenant_id, recipient.keep_days, recipient.held_days) == (tenant.id, 10, 40)


@pytest.mark.parametrize("level", ["tenant", "domain", "mailbox"])
def test_the_policy_nearest_to_the_person_applies(store: Store, level: str) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db)
        rows: dict[str, Any] = {
            "tenant": db.get_one(Tenant, mailbox.tenant_id),
            "domain": db.get_one(Domain, mailbox.domain_id),
            "mailbox": mailbox,
        }
        assert the_recipient(db).policy.report is True
        rows[level].policy_id = policies.recommended(db, WITHOUT_REPORT).id
        db.flush()
        assert the_recipient(db).policy.report is False


def test_all_addresses_of_a_mailbox_are_listed_its_main_one_first(store: Store) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db, ANNA, aliases=["a.keller@muster.example", "z@muster.example"])
        listed = mailboxes.addresses_of(db, mailbox.id)
    assert listed == [ANNA, "a.keller@muster.example", "z@muster.example"]


def test_a_domain_is_ours_once_it_is_added(store: Store) -> None:
    with store.write() as db:
        a_domain(db)
        assert ours(db, "muster.example")
        assert not ours(db, "sub.muster.example")
