from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import func, select
from time_machine import Traveller

from mailstore import accounts, mailboxes, people, retention, roles
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.db import Base
from mailstore.events import Event
from mailstore.mailboxes import Mailbox, MailboxAddress, MailboxKind
from mailstore.moving import applying, carrying, deeds, rows
from mailstore.moving.planning import Options
from mailstore.moving.rows import JOB, Moving, MovingState
from mailstore.moving.values import Person
from mailstore.moving.wishes import Clash, wishes_of
from mailstore.realms import Realm
from mailstore.store import Store
from mailstore.welcomes import Welcome
from tests.factories import RecordedJobs, a_domain, a_mailbox, an_account
from tests.mailstore.moving.moved import a_moving

HERE = "muster.example"


def some_people(count: int) -> list[Person]:
    return [
        Person(each, f"p{each}@{HERE}", f"Person {each}", (f"a{each}@{HERE}", f"b{each}@{HERE}"))
        for each in range(1, count + 1)
    ]


def begun(
    store: Store, people: Sequence[Person], tenant_id: int, *, account: Account | None = None,
    leaving: Sequence[int] = (), **options: bool,
) -> Moving:  # fmt: skip
    row = a_moving(store, tenant_id, account, people)
    with store.write() as db:
        rows.confirm(db, row, Options(**options), leaving, wishes_of(people)[1])
    return row


def now(store: Store, row: Moving) -> Moving:
    with store.read() as db:
        return db.get_one(Moving, row.id)


def count(store: Store, table: type[Base]) -> int:
    with store.read() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def tenant_id(store: Store) -> int:
    with store.write() as db:
        return a_domain(db, HERE).tenant_id


def test_people_come_with_addresses_accounts_reports_and_a_line_of_the_log(
    store: Store, tenant_id: int, jobs: RecordedJobs
) -> None:
    people = [*some_people(120), Person(121, f"info@{HERE}", "Info", shared=True)]
    row = begun(store, people, tenant_id, welcome=True)
    assert (JOB, row.id) in jobs.asked
    carrying.move_in(store, row.id)
    done = now(store, row)
    assert (done.state, done.added, done.aliases, done.seen) == (MovingState.DONE, 121, 240, 121)
    assert done.content == b""
    with store.read() as db:
        box = mailboxes.at(db, Address("b7", HERE))
        assert box is not None
        assert (box.address, box.name) == (f"p7@{HERE}", "Person 7")
        assert box.report_due_at is not None
        account = accounts.find(db, box.address)
        assert account is not None
        assert (account.role, account.tenant_id) == (Role.USER, tenant_id)
        assert accounts.scope_of(db, account).mailbox_ids == frozenset({box.id})
        assert accounts.find(db, f"info@{HERE}") is None
        info = mailboxes.at(db, Address("info", HERE))
        assert info is not None
        assert info.kind is MailboxKind.SHARED
        lines = db.scalars(select(Event).where(Event.mailbox_id == box.id)).all()
        assert [(each.kind, each.by) for each in lines] == [("mailbox_added", "beat")]
    assert count(store, Welcome) == 120


def test_the_same_file_again_changes_nothing(store: Store, tenant_id: int) -> None:
    people = some_people(60)
    for unchanged in (0, 60):
        row = begun(store, people, tenant_id, welcome=True)
        carrying.move_in(store, row.id)
        done = now(store, row)
        assert (done.unchanged, done.failed) == (unchanged, 0)
        assert count(store, MailboxAddress) == 180


def test_a_worker_that_dies_repeats_nothing_and_leaves_nothing_half_done(
    store: Store, tenant_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, real = begun(store, some_people(120), tenant_id), applying.apply

    def die(*args: Any, **more: Any) -> list[int]:
        done = real(*args, **more)
        if count(store, Mailbox) > 2:
            raise OSError("no power")
        return done

    with monkeypatch.context() as patch:
        patch.setattr(applying, "apply", die)
        with pytest.raises(OSError, match="no power"):
            carrying.move_in(store, row.id)
    assert now(store, row).seen == carrying.AT_ONCE
    assert count(store, MailboxAddress) == 3 * carrying.AT_ONCE
    carrying.move_in(store, row.id)
    assert (now(store, row).added, count(store, MailboxAddress)) == (120, 360)


def test_an_address_that_somebody_took_meanwhile_leaves_its_line_out(
    store: Store, tenant_id: int
) -> None:
    row = begun(store, some_people(3), tenant_id)
    with store.write() as db:
        a_mailbox(db, f"b2@{HERE}")
    carrying.move_in(store, row.id)
    done = now(store, row)
    assert (done.added, done.failed) == (2, 1)
    assert [(each.line, each.clash) for each in done.left_out] == [(2, Clash.IS_MAIN)]
    with store.read() as db:
        assert mailboxes.at(db, Address("a2", HERE)) is None


def test_what_was_ended_stays_where_it_is(store: Store, tenant_id: int) -> None:
    row = begun(store, some_people(3), tenant_id)
    with store.write() as db:
        assert rows.stop(db, row, by="beat")
        assert not rows.stop(db, row, by="beat")
    carrying.move_in(store, row.id)
    assert (now(store, row).state, count(store, MailboxAddress)) == (MovingState.STOPPED, 0)


def test_nobody_carries_out_what_an_administrator_may_not_any_more(
    store: Store, tenant_id: int
) -> None:
    with store.write() as db:
        boss = an_account(db, a_mailbox(db, f"boss@{HERE}"), role=Role.ADMIN)
        an_account(db, a_mailbox(db, f"other@{HERE}"), role=Role.ADMIN)
    row = begun(store, some_people(3), tenant_id, account=boss)
    with store.write() as db:
        roles.set_role(db, boss, Role.USER, by="operator")
    carrying.move_in(store, row.id)
    assert (now(store, row).state, count(store, Mailbox)) == (MovingState.STOPPED, 3)


def test_who_is_not_in_the_file_is_switched_off_if_that_was_chosen_but_no_administrator(
    store: Store, tenant_id: int
) -> None:
    with store.write() as db:
        gone, boss = a_mailbox(db, f"gone@{HERE}"), a_mailbox(db, f"boss@{HERE}")
        theirs = an_account(db, gone)
        an_account(db, boss, role=Role.ADMIN)
    row = begun(store, some_people(2), tenant_id, leaving=[gone.id, boss.id])
    carrying.move_in(store, row.id)
    assert (now(store, row).switched_off, now(store, row).added) == (1, 2)
    with store.read() as db:
        assert mailboxes.resolve(db, Address("gone", HERE)) is None
        assert people.one(db, Realm(tenant_id), theirs.id) is not None
        assert not db.get_one(Account, theirs.id).active
        assert mailboxes.resolve(db, Address("boss", HERE)) is not None


def test_a_switched_off_person_in_a_file_is_back(store: Store, tenant_id: int) -> None:
    carrying.move_in(store, begun(store, some_people(1), tenant_id).id)
    with store.write() as db:
        box = mailboxes.at(db, Address("p1", HERE))
        assert box is not None
        assert deeds.switch_off(db, box, by="beat")
    row = begun(store, some_people(1), tenant_id)
    carrying.move_in(store, row.id)
    assert now(store, row).changed == 1
    with store.read() as db:
        assert mailboxes.resolve(db, Address("p1", HERE)) is not None
        account = accounts.find(db, f"p1@{HERE}")
        assert account is not None
        assert account.active


def test_a_file_is_forgotten_after_a_day(store: Store, tenant_id: int, clock: Traveller) -> None:
    begun(store, some_people(1), tenant_id)
    clock.shift(rows.KEPT.total_seconds() + 1)
    retention.expire(store)
    assert count(store, Moving) == 0


def test_the_lines_of_a_file_lie_nowhere_in_the_open(store: Store, tenant_id: int) -> None:
    row = begun(store, [Person(1, f"canary@{HERE}", "Canary Bird")], tenant_id)
    with store.read() as db:
        found = db.get_one(Moving, row.id)
        assert b"anary" not in found.content
        assert "canary" not in str([found.troubles, found.options, found.file_name]).lower()
        assert rows.people_of(store, found)[0].name == "Canary Bird"
