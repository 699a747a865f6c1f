"""One report per person: of all their addresses, what they own, and what they share."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete
from time_machine import Traveller

from mailstore import accounts
from mailstore.accounts import Account
from mailstore.addresses import Address
from mailstore.deliveries import State
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox, MailboxAccess, MailboxKind, Right
from mailstore.reports import choosing, drafts
from mailstore.store import Store
from tests.factories import a_held_delivery, a_mailbox
from tests.portal.browsing import a_report, an_owner, post, state

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def shared(store: Store, anna: Mailbox) -> Mailbox:
    with store.write() as db:
        made = a_mailbox(db, "info@muster.example", aliases=["offerten@muster.example"])
        made.kind = MailboxKind.SHARED
    return made


@pytest.fixture
def owner(store: Store, anna: Mailbox, shared: Mailbox) -> Account:
    account = an_owner(store, anna)
    with store.write() as db:
        accounts.grant(db, account.id, shared.id, Right.OWNER)
    return account


def named(store: Store, *mailboxes: Mailbox) -> dict[int, set[int]]:
    """Return which mails are in whose report."""
    with store.read() as db:
        found = drafts.drafts(db, [each.id for each in mailboxes])
        return {each.mailbox.id: {line.id for line in each.lines.new} for each in found}


def test_a_person_has_one_report_of_all_that_they_own(
    store: Store, anna: Mailbox, shared: Mailbox, owner: Account
) -> None:
    held = {a_held_delivery(store, each).id for each in (anna, shared)}
    assert named(store, anna, shared) == {anna.id: held}
    with store.read() as db:
        (draft,) = drafts.drafts(db, [anna.id])
    assert draft.addresses == [anna.address, shared.address, "offerten@muster.example"]


def test_a_shared_mailbox_without_an_owner_has_its_own_report(
    store: Store, anna: Mailbox, shared: Mailbox
) -> None:
    mine, theirs = a_held_delivery(store, anna).id, a_held_delivery(store, shared).id
    assert named(store, anna, shared) == {anna.id: {mine}, shared.id: {theirs}}


def test_a_delegate_gets_what_is_shared_with_them_though_its_owner_wants_no_reports(
    store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    account, theirs = an_owner(store, anna), a_held_delivery(store, beat).id
    with store.write() as db:
        accounts.grant(db, account.id, beat.id, Right.DELEGATE)
        db.get_one(Mailbox, beat.id).report_on = "never"
    assert named(store, anna, beat) == {anna.id: set()}
    with store.write() as db:
        assert choosing.share(db, beat.id, account.id, on=True, by="test")
    assert named(store, anna, beat) == {anna.id: {theirs}}


def test_what_two_people_own_is_in_the_reports_of_both(
    store: Store, anna: Mailbox, beat: Mailbox, shared: Mailbox, owner: Account
) -> None:
    with store.write() as db:
        other = accounts.add_account(db, Address.parse(beat.address), owner.role, None, by="test")
        accounts.grant(db, other.id, shared.id, Right.OWNER)
    theirs = a_held_delivery(store, shared).id
    a_report(store, anna)
    assert named(store, anna, beat) == {anna.id: set(), beat.id: {theirs}}


def test_links_lead_to_a_shared_mailbox_as_long_as_the_person_owns_it(
    client: FlaskClient, store: Store, anna: Mailbox, shared: Mailbox, owner: Account
) -> None:
    held = a_held_delivery(store, shared)
    (link,) = a_report(store, anna).held
    assert client.get(link).status_code == 200
    with store.write() as db:
        db.execute(delete(MailboxAccess).where(MailboxAccess.mailbox_id == shared.id))
    assert client.get(link).status_code == 404
    assert post(client, link).status_code == 404
    assert state(store, held) is State.QUARANTINED


def test_readers_of_a_shared_mailbox_get_nothing_of_peoples_own(
    client: FlaskClient, store: Store, anna: Mailbox, shared: Mailbox
) -> None:
    mine = a_held_delivery(store, anna)
    a_held_delivery(store, shared)
    client.get(a_report(store, shared).quarantine)
    assert client.get("/quarantine/").status_code == 200
    answer = post(client, f"/quarantine/{mine.id}/release", "/quarantine/")
    assert answer.status_code in {302, 303, 404}
    assert state(store, mine) is State.QUARANTINED


def test_reports_can_go_to_another_address_of_the_tenant_only(
    store: Store, anna: Mailbox, beat: Mailbox, clock: Traveller
) -> None:
    with store.write() as db:
        choosing.send_to(db, anna.id, Address.parse(beat.address), by="test")
        for outside in ("eve@elsewhere.example", "nobody@muster.example"):
            with pytest.raises(BadName):
                choosing.send_to(db, anna.id, Address.parse(outside), by="test")
    with store.read() as db:
        assert db.get_one(Mailbox, anna.id).report_to == beat.address
