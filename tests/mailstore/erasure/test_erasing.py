from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from sqlalchemy import func, select, update

from mailstore import accounts, events, recording, roles
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, State
from mailstore.domains import Domain
from mailstore.erasure import erasing, people, proving
from mailstore.erasure.erasing import Plan
from mailstore.errors import BadName
from mailstore.events import Event
from mailstore.mailboxes import Mailbox, Right
from mailstore.messages import Message
from mailstore.retention import expire
from mailstore.roles import LastOne
from mailstore.search.indexing import index_mail
from mailstore.senders import Owner
from mailstore.store import Store
from tests.factories import (
    BEAT,
    RAW,
    a_mailbox,
    a_verdict,
    accepted_by,
    an_accepted,
    an_account,
    the_recipient,
)
from tests.mailstore.curation.lists import listed
from tests.portal.owning import belongings

pytestmark = pytest.mark.usefixtures("clock")
WORD = proving.new_word()
SOMEBODY = f"{WORD}@muster.example"


@pytest.fixture
def gone(store: Store, anna: Mailbox) -> Account:
    """Return an account of somebody with a name that nobody else has."""
    with store.write() as db:
        return an_account(db, a_mailbox(db, SOMEBODY, name=f"{WORD} Muster"))


def erase(store: Store, account: Account, by: str = BEAT) -> Plan:
    with store.write() as db:
        return erasing.erase(db, people.whole(db, db.get_one(Account, account.id)), by=by)


def mailbox_of(store: Store, account: Account) -> Mailbox:
    with store.read() as db:
        return people.whole(db, db.get_one(Account, account.id)).mailboxes[0]


def places(store: Store) -> set[str]:
    return {hit.place for hit in proving.search(store, WORD)}


def shared(store: Store, *addresses: str) -> int:
    """Return the id of a message that came to several people."""
    with store.read() as db:
        verdicts = [a_verdict(the_recipient(db, each)) for each in addresses]
    accepted = accepted_by(store, verdicts)
    (place,) = store.packs.append([accepted.sealed.slice])
    with store.write() as db:
        recording.record(db, [(accepted, place)])
        found = select(Message.id).where(Message.public_id == accepted.public_id)
        return db.scalars(found).one()


def test_nothing_is_left_of_a_person(store: Store, anna: Mailbox, gone: Account) -> None:
    mailbox = mailbox_of(store, gone)
    belongings(store, mailbox)
    proving.plant(store, Address.parse(SOMEBODY), WORD)
    index_mail(store)
    listed(store, Owner(mailbox.tenant_id, mailbox_id=mailbox.id), f"{WORD}.example")
    with store.write() as db:
        detail = {"pattern": SOMEBODY}
        events.record(db, "x", by=SOMEBODY, tenant_id=mailbox.tenant_id, detail=detail)
        db.execute(update(Mailbox).where(Mailbox.id == anna.id).values(report_to=SOMEBODY))
    assert len(places(store)) > 10
    done = erase(store, gone)
    expire(store)
    assert places(store) == set()
    assert (done.mails > 3, done.drafts, done.entries) == (True, 2, 2)


def test_mail_that_comes_in_at_the_same_moment_goes_too(store: Store, gone: Account) -> None:
    with store.read() as db:
        verdict = a_verdict(the_recipient(db, SOMEBODY))
    accepted = accepted_by(store, [verdict])
    (place,) = store.packs.append([accepted.sealed.slice])
    with ThreadPoolExecutor(1) as other:
        with store.write() as db:
            recording.record(db, [(accepted, place)])
            erased = other.submit(erase, store, gone)
            # By then it has begun, where the database lets two write, and waits.
            wait([erased], timeout=0.5)
        assert erased.result().mails == 1
    with store.read() as db:
        assert db.scalar(select(func.count(Delivery.id))) == 0


def test_the_log_says_that_somebody_was_erased_and_not_whom(
    store: Store, anna: Mailbox, gone: Account
) -> None:
    with store.write() as db:
        events.record(db, "x", by=SOMEBODY, tenant_id=anna.tenant_id, detail={"a": f"x{SOMEBODY}"})
    an_accepted(store, mailbox_of(store, gone))
    erase(store, gone)
    with store.read() as db:
        said = db.scalars(select(Event).where(Event.kind == "person_erased")).one()
        other = db.scalars(select(Event).where(Event.kind == "x")).one()
    assert (said.by, said.tenant_id, said.detail["mails"]) == (BEAT, anna.tenant_id, 1)
    assert other.by == f"erased person {gone.id}"
    # It is somebody else who has an address that only ends like theirs.
    assert other.detail == {"a": f"x{SOMEBODY}"}


def test_mail_that_others_have_too_stays_for_them(
    store: Store, anna: Mailbox, gone: Account
) -> None:
    both, alone = shared(store, anna.address, SOMEBODY), shared(store, SOMEBODY)
    with store.read() as db:
        place = db.get_one(Message, alone).place
    done = erase(store, gone)
    expire(store)
    assert (done.mails, done.shared, done.waiting) == (1, 1, 2)
    with store.read() as db:
        assert db.get(Message, alone) is None
        kept = db.get_one(Message, both)
        assert db.scalars(select(Delivery.recipient)).all() == [anna.address]
    assert b"".join(store.content(kept)) == RAW
    assert place
    assert set(b"".join(store.packs.read(place))) == {0}


def test_mail_that_a_person_wrote_goes_on_to_whom_it_is_for(
    store: Store, anna: Mailbox, gone: Account
) -> None:
    sent, over = shared(store, anna.address), shared(store, anna.address)
    with store.write() as db:
        writer = {"writer_id": mailbox_of(store, gone).id}
        db.execute(update(Message).values(writer))
        away = update(Delivery).where(Delivery.message_id == over)
        db.execute(away.values(mailbox_id=None, direction="out", state=State.DELIVERED))
    erase(store, gone)
    with store.read() as db:
        assert db.get(Message, over) is None
        assert db.get_one(Message, sent).writer_id is None


def test_a_shared_mailbox_stays(store: Store, anna: Mailbox, gone: Account) -> None:
    with store.write() as db:
        accounts.grant(db, gone.id, anna.id, Right.DELEGATE)
        office = a_mailbox(db, "office@muster.example")
        for account in (gone, an_account(db, anna)):
            accounts.grant(db, account.id, office.id, Right.OWNER)
    erase(store, gone)
    with store.read() as db:
        left = db.scalars(select(Mailbox.address).order_by(Mailbox.id)).all()
        assert db.scalar(select(func.count()).select_from(Account)) == 1
    assert left == ["*@muster.example", anna.address, "office@muster.example"]


def test_the_last_administrator_is_not_erased(store: Store, anna: Mailbox, gone: Account) -> None:
    with store.write() as db:
        roles.set_role(db, db.get_one(Account, gone.id), Role.ADMIN, by="test")
        other = an_account(db, anna, role=Role.ADMIN)
        roles.set_active(db, other, on=False, by="test")
    with pytest.raises(LastOne):
        erase(store, gone)
    with store.write() as db:
        roles.set_active(db, db.get_one(Account, other.id), on=True, by="test")
    erase(store, gone)
    with pytest.raises(LastOne):
        erase(store, other)


def test_whoever_takes_all_unknown_mail_of_a_domain_is_not_erased(
    store: Store, anna: Mailbox, gone: Account
) -> None:
    with store.write() as db:
        mine = mailbox_of(store, gone).id
        db.execute(update(Domain).where(Domain.id == anna.domain_id).values(catch_all_id=mine))
    with pytest.raises(BadName, match=r"muster\.example"):
        erase(store, gone)
