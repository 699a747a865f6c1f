import time

import pytest
from sqlalchemy import update

from mailstore import protection
from mailstore.curation import judging
from mailstore.curation.findings import Finding, Group
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.senders import Listed, Owner, Wish
from mailstore.store import Store
from tests.databases import asked
from tests.factories import a_mailbox
from tests.mailstore.curation.lists import came, listed, refused

pytestmark = pytest.mark.usefixtures("clock")
A, B = Listed.ALLOWED, Listed.BLOCKED
THERE = "there.example"


@pytest.fixture
def owner(anna: Mailbox) -> Owner:
    return Owner(anna.tenant_id)


def judge(store: Store, owner: Owner, *patterns: str, kind: Listed = A) -> list[judging.Judged]:
    with store.read() as db:
        return judging.judge_wishes(db, owner, [Wish(kind, each) for each in patterns])


def against(store: Store, owner: Owner, pattern: str, kind: Listed = A) -> set[Finding]:
    (found,) = judge(store, owner, pattern, kind=kind)
    return set(found.findings)


@pytest.mark.parametrize(
    ("pattern", "finding"),
    [
        ("muster.example", Finding.OWN), ("it.muster.example", Finding.OWN),
        ("gmail.com", Finding.FREE), ("co.uk", Finding.PUBLIC),
        ("prvs=0123456789=bob@there.example", Finding.CHANGES), ("#@there.example", Finding.WIDE),
        ("rnuster.example", Finding.IMPOSTOR), ("bob@muster-login.example", Finding.IMPOSTOR),
        ("there.example", Finding.NEEDLESS),
    ],
)  # fmt: skip
def test_what_an_entry_says_speaks_against_it(
    store: Store, owner: Owner, pattern: str, finding: Finding
) -> None:
    assert finding in against(store, owner, pattern)


def test_a_lookalike_of_a_partner_is_named_with_the_partner(store: Store, owner: Owner) -> None:
    with store.write() as db:
        protection.add_partner(db, owner.tenant_id, "lieferant.example", by="test")
    (found,) = judge(store, owner, "lieferannt.example")
    assert [each.name for each in found.found if each.finding is Finding.IMPOSTOR] == [
        "lieferant.example"
    ]
    assert against(store, owner, "lieferant.example") == {Finding.NEEDLESS}


@pytest.mark.parametrize(
    ("mail", "findings"),
    [
        ({"held": True}, set()), ({"score": 3.4}, set()), ({}, {Finding.NEEDLESS}),
        ({"held": True, "reason": "class phish"}, {Finding.BEATEN}),
        ({"held": True, "warning": "LOOKALIKE_DOMAIN"}, {Finding.POSED}),
        ({"held": True, "symbols": [["AUTHENTICATED", "spf", 0.0]]}, {Finding.UNPROVEN}),
    ],
    ids=["held", "nearly held", "delivered", "held as fraud", "posed", "unproven"],
)  # fmt: skip
@pytest.mark.parametrize("pattern", [THERE, "bob@there.example"])
def test_the_mail_that_came_says_whether_an_entry_is_worth_it(
    store: Store, anna: Mailbox, owner: Owner, pattern: str, mail: dict[str, object],
    findings: set[Finding],
) -> None:  # fmt: skip
    came(store, anna, "bob@there.example", **mail)
    assert against(store, owner, pattern) == findings


def test_mail_that_no_entry_lifts_was_refused(store: Store, anna: Mailbox, owner: Owner) -> None:
    refused(store, anna, "bob@there.example", "mandatory rule FORGED_SENDER_DOMAIN")
    assert Finding.BEATEN in against(store, owner, THERE)
    refused(store, anna, "eve@other.example", "score")
    assert against(store, owner, "other.example") == set()


def test_whoever_is_written_to_is_worth_an_entry_and_not_to_be_blocked(
    store: Store, anna: Mailbox, owner: Owner
) -> None:
    sent = came(store, anna, anna.address, recipient="Bob@there.example")
    with store.write() as db:
        mine = update(Message).where(Message.id == sent.message_id)
        db.execute(mine.values(writer_id=anna.id))
    for pattern in ("bob@there.example", THERE):
        assert against(store, owner, pattern) == set()
        assert against(store, owner, pattern, B) == {Finding.WRITTEN}


def test_old_mail_and_mail_of_other_tenants_says_nothing(store: Store, owner: Owner) -> None:
    with store.write() as db:
        stranger = a_mailbox(db, "eve@elsewhere.example")
    came(store, stranger, "bob@there.example", held=True)
    assert against(store, owner, THERE) == {Finding.NEEDLESS}


def test_what_lists_say_already_is_found_with_its_name(
    store: Store, anna: Mailbox, owner: Owner
) -> None:
    mine = Owner(anna.tenant_id, mailbox_id=anna.id)
    listed(store, owner, "all.example", "bob@there.example")
    listed(store, owner, "bad.example", kind=B)
    for pattern, finding, name in (
        ("bob@there.example", Finding.COVERED, "bob@there.example"),
        ("eve@all.example", Finding.COVERED, "all.example"),
        ("eve@bad.example", Finding.CONTRADICTS, "bad.example"),
    ):
        (found,) = judge(store, mine, pattern)
        assert (finding, name) in [(each.finding, each.name) for each in found.found]
    assert Finding.TWICE in against(store, owner, "all.example")
    # To block one of many who are allowed is no odds.
    assert against(store, mine, "eve@all.example", B) == set()


def test_entries_of_one_file_are_seen_together(store: Store, anna: Mailbox, owner: Owner) -> None:
    came(store, anna, "bob@there.example", held=True)
    names = ("there.example", "bob@there.example", "there.example", "bob@gmail.com", "gmail.com")
    groups = [each.group for each in judge(store, owner, *names)]
    assert groups == [
        Group.GOOD, Group.PRESENT, Group.PRESENT, Group.NEEDLESS, Group.CARELESS
    ]  # fmt: skip


def test_many_entries_are_judged_in_few_questions_and_soon(
    store: Store, anna: Mailbox, owner: Owner
) -> None:
    came(store, anna, "bob@there.example", held=True)
    counts = []
    for count in (1, 5000):
        begun = time.perf_counter()
        with asked(store) as statements:
            judge(store, owner, *(f"bob@a{number}.example" for number in range(count)))
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 12
    assert time.perf_counter() - begun < 5
