from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.orm import Session

from mailstore import mailboxes, origins, policies, tailoring
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.envelopes import HeldRight, MailClass, Policy
from mailstore.errors import BadName, NotFound
from mailstore.mailboxes import Mailbox
from mailstore.origins import From
from mailstore.policies import WITHOUT_REPORT, PolicyRow
from mailstore.policyvalues import FIELDS, taken
from mailstore.reports import planning
from mailstore.store import Store
from mailstore.tailoring import Level
from mailstore.tenants import Tenant
from tests.factories import ANNA, RecordedJobs, a_mailbox

SCORE = "quarantine_at"
ABOVE, HERE, PERSON = "Muster AG", "muster.example", ANNA


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db)


@contextmanager
def levels(store: Store, anna: Mailbox) -> Iterator[tuple[Session, Tenant, Domain, Mailbox]]:
    """Give the levels above a mailbox, and it, to be written."""
    with store.write() as db:
        mailbox = db.get_one(Mailbox, anna.id)
        domain = db.get_one(Domain, anna.domain_id)
        yield db, db.get_one(Tenant, anna.tenant_id), domain, mailbox


def holds(store: Store, address: str = ANNA) -> Policy:
    """Return what the relay goes by for an address."""
    with store.read() as db:
        found = mailboxes.resolve(db, Address.parse(address))
        assert found
        return found.policy


def named(db: Session, tenant: Tenant, **values: object) -> PolicyRow:
    row = PolicyRow(tenant_id=tenant.id, name=f"own {values}", values=values)
    db.add(row)
    db.flush()
    return row


def set_at(db: Session, level: Level, **values: object) -> None:
    tailoring.tailor(db, level, values, by="test")


def test_the_nearest_level_wins_value_by_value(store: Store, anna: Mailbox) -> None:
    with levels(store, anna) as (db, tenant, domain, mailbox):
        # From below to above: what comes later must go below what is there.
        set_at(db, mailbox, report=False)
        set_at(db, domain, quarantine_at="4,5", newsletter_tag="[D]")
        set_at(db, tenant, quarantine_at=9, newsletter_tag="[T]", reject_at=20)
        set_at(db, tenant, **{"rights.spam": "see"})
        set_at(db, domain, **{"rights.phish": "hidden"})
    found = holds(store)
    assert (found.quarantine_at, found.newsletter_tag, found.reject_at) == (4.5, "[D]", 20)
    assert found.rights == {MailClass.SPAM: HeldRight.SEE, MailClass.PHISH: HeldRight.HIDDEN}
    assert not found.report


def test_a_value_that_is_reset_comes_from_above_and_an_empty_row_goes(
    store: Store, anna: Mailbox
) -> None:
    with levels(store, anna) as (db, tenant, domain, mailbox):
        for level, score in ((tenant, 9), (domain, 8), (mailbox, 7)):
            set_at(db, level, quarantine_at=score)
        assert tailoring.untailor(db, domain, [SCORE], by="test")
        assert not tailoring.untailor(db, domain, [SCORE], by="test")
        assert domain.policy_id is None
        assert tailoring.untailor(db, mailbox, [SCORE], by="test")
        assert mailbox.policy_id is None
    assert holds(store).quarantine_at == 9
    with levels(store, anna) as (db, tenant, _domain, _mailbox):
        tailoring.untailor(db, tenant, [SCORE], by="test")
        assert tenant.policy_id == policies.recommended(db).id
        assert db.query(PolicyRow).filter(PolicyRow.under.is_not(None)).count() == 0
    assert holds(store).quarantine_at == 5


def test_what_is_tailored_follows_whatever_holds_above(store: Store, anna: Mailbox) -> None:
    with levels(store, anna) as (db, tenant, domain, mailbox):
        set_at(db, mailbox, report=False)
        strict, soft = named(db, tenant, quarantine_at=3.0), named(db, tenant, quarantine_at=8.0)
        scores = []
        for level, policy in ((tenant, strict), (domain, soft), (domain, None), (tenant, soft)):
            tailoring.assign(db, level, policy.id if policy else None, by="test")
            scores.append(policies.effective(db, mailbox.policy_id or 0).quarantine_at)
        assert scores == [3, 8, 3, 8]
        # What was chosen for a level stays, and so does what is tailored there.
        tailoring.assign(db, mailbox, strict.id, by="test")
        tailoring.assign(db, tenant, policies.recommended(db).id, by="test")
        assert tailoring.chosen(db, mailbox) == strict.id
    assert (holds(store).quarantine_at, holds(store).report) == (3, False)


@pytest.mark.parametrize("what", ["another tenant's", "what another level has", "none"])
def test_only_policies_with_a_name_that_the_tenant_has_are_assigned(
    store: Store, anna: Mailbox, what: str
) -> None:
    with levels(store, anna) as (db, _tenant, domain, mailbox):
        other = a_mailbox(db, "eve@elsewhere.example")
        theirs = named(db, db.get_one(Tenant, other.tenant_id))
        set_at(db, mailbox, report=False)
        policy_id = {"another tenant's": theirs.id, "none": 999}.get(what, mailbox.policy_id)
        with pytest.raises(NotFound):
            tailoring.assign(db, domain, policy_id, by="test")
        assert domain.policy_id is None


def test_a_tenant_always_has_a_policy(store: Store, anna: Mailbox) -> None:
    with levels(store, anna) as (db, tenant, _domain, _mailbox), pytest.raises(BadName):
        tailoring.assign(db, tenant, None, by="test")


def test_each_value_says_what_it_is_and_who_says_so(store: Store, anna: Mailbox) -> None:
    with levels(store, anna) as (db, tenant, domain, mailbox):
        tailoring.assign(db, tenant, named(db, tenant, newsletters="hold").id, by="test")
        set_at(db, tenant, newsletter_tag="[T]")
        tailoring.assign(db, domain, policies.recommended(db, WITHOUT_REPORT).id, by="test")
        set_at(db, mailbox, own_score="3..6", **{"rights.spam": "ask"})
        above, found = origins.at(db, tenant), origins.at(db, mailbox)
        assert tailoring.choose_score(db, mailbox, "6", by=ANNA)
        chosen = origins.at(db, mailbox)[SCORE]
        effective = policies.effective(db, mailbox.policy_id or 0)
    assert above["newsletters"].origin == (From.POLICY, "own {'newsletters': 'hold'}")
    assert (above["newsletter_tag"].origin.kind, above["newsletter_tag"].own) == (From.TENANT, True)
    assert found["report"].origin == (From.RECOMMENDED, WITHOUT_REPORT)
    assert found["report"].differs
    assert found["rights.spam"].origin == (From.PERSON, ANNA)
    assert not found["rights.phish"].differs
    assert (chosen.origin.kind, chosen.value, chosen.own) == (From.CHOSEN, 6, True)
    assert {name: each.value for name, each in found.items() if "." not in name} == {
        name: FIELDS[name].kind.read(FIELDS[name].kind.write(getattr(effective, name)))
        for name in found
        if "." not in name
    } | {SCORE: found[SCORE].value}


def test_a_person_chooses_within_bounds_and_no_further(store: Store, anna: Mailbox) -> None:
    def choose(score: object) -> bool:
        with levels(store, anna) as (db, _tenant, _domain, mailbox):
            return tailoring.choose_score(db, mailbox, score, by=ANNA)

    assert not choose("4")
    with levels(store, anna) as (db, tenant, _domain, _mailbox):
        set_at(db, tenant, own_score=[3, 8])
    for bad in ("2.9", "9", "x", "", "nan"):
        with pytest.raises(BadName):
            choose(bad)
    assert choose("7,5")
    assert holds(store).quarantine_at == 7.5
    with levels(store, anna) as (db, tenant, _domain, _mailbox):
        set_at(db, tenant, own_score="3..6")
    assert holds(store).quarantine_at == 6
    with levels(store, anna) as (db, tenant, _domain, _mailbox):
        set_at(db, tenant, own_score="off")
    assert holds(store).quarantine_at == 5


@pytest.mark.parametrize("how", ["the person", "a reset", "an administrator"])
def test_what_a_person_chose_can_end(store: Store, anna: Mailbox, how: str) -> None:
    with levels(store, anna) as (db, tenant, _domain, mailbox):
        set_at(db, tenant, own_score="3..8")
        tailoring.choose_score(db, mailbox, 7, by=ANNA)
        if how == "the person":
            tailoring.choose_score(db, mailbox, None, by=ANNA)
        elif how == "a reset":
            tailoring.untailor(db, mailbox, [SCORE], by="test")
        else:
            set_at(db, mailbox, quarantine_at=5)
    assert holds(store).quarantine_at == 5


def test_a_change_plans_reports_anew(store: Store, anna: Mailbox, jobs: RecordedJobs) -> None:
    with levels(store, anna) as (db, _tenant, domain, _mailbox):
        set_at(db, domain, report_at="10:00")
    assert jobs.asked == [(planning.PLAN_JOB, anna.tenant_id)]


@pytest.mark.parametrize(
    "bad",
    [{"mandatory": []}, {"allowed": ["x@y.example"]}, {"tenant_id": 2}, {"chosen_score": 1},
     {SCORE: 0}, {SCORE: "1e3"}, {SCORE: "٦"}, {SCORE: None}, {SCORE: True}, {"keep_days": 6},
     {"held_days": "7.5"}, {"report": "perhaps"}, {"newsletter_tag": "x" * 41},
     {"newsletter_tag": "a\x00b"}, {"newsletter_tag": " "}, {"rights.virus": "deliver"},
     {"rights.spam": "all"}, {"rights.": "see"}, {"own_score": "8..3"}, {"own_score": "3"},
     {"own_score": "0..5"}, {"report_at": "25:00"}, {"report_at": "1:00,2:00,3:00"},
     {"report_on": "32"}, {"send_hour": -1}, {"webmail": "2"}, {"notice": "none"}],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_is_refused_with_a_sentence(bad: dict[str, object]) -> None:
    with pytest.raises(BadName, match=r"\.$"):
        taken(bad)


def test_one_bad_value_among_others_changes_nothing(store: Store, anna: Mailbox) -> None:
    with levels(store, anna) as (db, _tenant, domain, _mailbox):
        with pytest.raises(BadName):
            tailoring.tailor(db, domain, {"report_on": "mon", SCORE: "0"}, by="test")
        assert domain.policy_id is None


def test_each_value_is_read_as_it_is_written() -> None:
    usual = {name: each.usual for name, each in FIELDS.items()}
    typed = {name: FIELDS[name].kind.write(each) for name, each in usual.items()}
    assert taken(typed) == taken(usual) == usual
    assert FIELDS["own_score"].kind.write([3.0, 7.5]) == "3..7.5"
    assert FIELDS["send_day"].kind.write(10_000_000) == "10000000"
