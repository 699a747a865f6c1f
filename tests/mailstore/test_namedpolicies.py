import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from mailstore import events, namedpolicies, policies, tailoring
from mailstore.domains import Domain
from mailstore.errors import BadName, NotFound
from mailstore.mailboxes import Mailbox
from mailstore.namedpolicies import InUse
from mailstore.policies import STANDARD, WITHOUT_REPORT, PolicyRow
from mailstore.store import Store
from mailstore.tailoring import Level
from mailstore.tenants import Tenant
from tests.factories import a_mailbox

LITERAL = "{{7*7}} {% raw %} {x} %(x)s <b>"


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db)


def copied(db: Session, anna: Mailbox, name: str = "Strict", of: str = STANDARD) -> PolicyRow:
    source = policies.recommended(db, of)
    return namedpolicies.copy(db, anna.tenant_id, source.id, name, by="test")


def test_a_copy_stands_by_itself(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        first = copied(db, anna, of=WITHOUT_REPORT)
        namedpolicies.change(
            db, anna.tenant_id, first.id, {"quarantine_at": "4", "rights.spam": "see"}, by="test"
        )
        first.values = first.values | {"weights": {"A": 1.0}}
        db.flush()
        second = namedpolicies.copy(db, anna.tenant_id, first.id, LITERAL, by="test")
        namedpolicies.reset(db, anna.tenant_id, first.id, ["quarantine_at"], by="test")
        values = {"report": False, "quarantine_at": 4.0, "rights": {"spam": "see"}} | {
            "weights": {"A": 1.0}
        }
        assert (second.name, second.values, second.parent_id) == (LITERAL, values, None)
        assert first.values.keys() == {"report", "rights", "weights"}


def test_a_recommended_policy_stays_as_it_is(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        row = policies.recommended(db)
        for deed in (
            lambda: namedpolicies.rename(db, anna.tenant_id, row.id, "Mine", by="test"),
            lambda: namedpolicies.change(db, anna.tenant_id, row.id, {"report": "no"}, by="test"),
            lambda: namedpolicies.reset(db, anna.tenant_id, row.id, ["report"], by="test"),
            lambda: namedpolicies.delete(db, anna.tenant_id, row.id, by="test"),
        ):
            with pytest.raises(NotFound):
                deed()


def test_a_policy_of_another_tenant_does_not_exist(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        theirs = copied(db, a_mailbox(db, "eve@elsewhere.example"))
        for deed in (
            lambda: namedpolicies.copy(db, anna.tenant_id, theirs.id, "Mine", by="test"),
            lambda: namedpolicies.delete(db, anna.tenant_id, theirs.id, by="test"),
            lambda: namedpolicies.change(db, anna.tenant_id, theirs.id, {}, by="test"),
        ):
            with pytest.raises(NotFound):
                deed()
        assert theirs not in namedpolicies.listed(db, anna.tenant_id)


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "a\0b", "Strict", STANDARD, "Tailored for me"])
def test_a_name_is_short_plain_and_free(store: Store, anna: Mailbox, name: str) -> None:
    with store.write() as db:
        copied(db, anna)
        other = copied(db, anna, "Other")
        with pytest.raises(BadName):
            copied(db, anna, name)
        with pytest.raises(BadName):
            namedpolicies.rename(db, anna.tenant_id, other.id, name, by="test")
        namedpolicies.rename(db, anna.tenant_id, other.id, "Other", by="test")


def level(db: Session, anna: Mailbox, which: str) -> Level:
    found: dict[str, Level] = {
        "the tenant": db.get_one(Tenant, anna.tenant_id),
        "muster.example": db.get_one(Domain, anna.domain_id),
        anna.address: db.get_one(Mailbox, anna.id),
    }
    return found[which]


@pytest.mark.parametrize("whose", ["the tenant", "muster.example", "anna@muster.example"])
def test_a_policy_in_use_is_not_deleted_and_says_by_whom(
    store: Store, anna: Mailbox, whose: str
) -> None:
    with store.write() as db:
        policy, at = copied(db, anna), level(db, anna, whose)
        tailoring.assign(db, at, policy.id, by="test")
        for _ in ("as it is", "tailored"):
            assert namedpolicies.counts(db, anna.tenant_id)[policy.id] == 1
            with pytest.raises(InUse, match=f"used by {whose}"):
                namedpolicies.delete(db, anna.tenant_id, policy.id, by="test")
            tailoring.tailor(db, at, {"quarantine_at": 4}, by="test")
        tailoring.assign(db, at, policies.recommended(db).id, by="test")
        namedpolicies.delete(db, anna.tenant_id, policy.id, by="test")
        assert db.get(PolicyRow, policy.id) is None


def test_a_policy_on_which_another_stands_is_not_deleted(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        parent = copied(db, anna)
        db.add(PolicyRow(tenant_id=anna.tenant_id, parent_id=parent.id, name="Child", values={}))
        with pytest.raises(InUse, match="Child"):
            namedpolicies.delete(db, anna.tenant_id, parent.id, by="test")


def test_what_was_tailored_for_somebody_who_is_gone_keeps_no_policy(
    store: Store, anna: Mailbox
) -> None:
    with store.write() as db:
        policy, box = copied(db, anna), a_mailbox(db, "gone@muster.example")
        tailoring.assign(db, box, policy.id, by="test")
        tailoring.tailor(db, box, {"quarantine_at": 4}, by="test")
        tailoring.tailor(db, level(db, anna, anna.address), {"quarantine_at": 6}, by="test")
    with store.write() as db:
        db.execute(delete(Mailbox).where(Mailbox.id == box.id))
        namedpolicies.delete(db, anna.tenant_id, policy.id, by="test")
    with store.read() as db:
        found = db.get_one(Mailbox, anna.id)
        assert policies.effective(db, found.policy_id or 0).quarantine_at == 6


def test_every_change_is_in_the_log(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        row = copied(db, anna)
        namedpolicies.rename(db, anna.tenant_id, row.id, "Soft", by="test")
        namedpolicies.change(db, anna.tenant_id, row.id, {"report": "no"}, by="test")
        namedpolicies.delete(db, anna.tenant_id, row.id, by="test")
        kinds = [each.kind for each in db.query(events.Event).order_by(events.Event.id)]
    assert kinds[-4:] == ["policy_made", "policy_renamed", "policy_changed", "policy_deleted"]
