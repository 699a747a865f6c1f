import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from time_machine import Traveller

from mailstore import clock as moments
from mailstore.domains import Domain
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.sending import blocks
from mailstore.sending.counts import SendingBlock
from mailstore.sending.limiting import limit
from mailstore.sending.submitters import Author
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA, BEAT, RecordedJobs, a_domain, a_mailbox, as_environment
from tests.mailstore.sending.senders import block, of_mailbox, of_program, send

OTHER = "eve@elsewhere.example"


@pytest.fixture(autouse=True)
def _noon(clock: Traveller) -> None:
    assert clock


@pytest.fixture
def author(anna: Mailbox) -> Author:
    return of_mailbox(anna)


def events(store: Store) -> list[tuple[str, str, object]]:
    with store.read() as db:
        found = db.scalars(select(Event).where(Event.kind.like("sending_block%")))
        return [(each.kind, each.by, each.detail["recipients"]) for each in found]


def names(store: Store, tenant_id: int | None = None) -> list[str]:
    with store.read() as db:
        return [each.name for each in blocks.listed(db, tenant_id)]


def lift(store: Store, tenant_id: int, block_id: int) -> bool:
    with store.write() as db:
        return blocks.lift(db, tenant_id, block_id, by="beat")


def due(store: Store) -> list[int]:
    with store.read() as db:
        return list(blocks.due(db, moments.now()))


def take(store: Store, block_id: int) -> SendingBlock | None:
    with store.write() as db:
        return blocks.take(db, block_id)


def run(store: Store, *args: str) -> Result:
    return CliRunner().invoke(limit, args, env=as_environment(store.settings))


def test_who_is_blocked_is_listed_for_their_tenant_the_latest_first(
    store: Store, author: Author, clock: Traveller
) -> None:
    with store.write() as db:
        stranger = a_mailbox(db, OTHER)
        domain = db.get_one(Domain, author.domain_id)
    for each in (author, of_mailbox(stranger), of_program(domain)):
        block(store, each)
        clock.shift(1)
    assert names(store, author.tenant_id) == ["muster.example", ANNA]
    assert names(store) == ["muster.example", OTHER, ANNA]
    clock.shift(3 * 3600)
    assert names(store) == []


def test_a_block_is_lifted_once_and_the_sender_sends_again(store: Store, author: Author) -> None:
    found = block(store, author)
    assert lift(store, author.tenant_id, found.block.id)
    assert not lift(store, author.tenant_id, found.block.id)
    assert send(store, author, 1) is None
    assert events(store) == [
        ("sending_blocked", "filter", 100_000), ("sending_block_lifted", "beat", 100_000),
    ]  # fmt: skip


def test_nobody_lifts_a_block_of_another_tenant(store: Store, author: Author) -> None:
    with store.write() as db:
        other = a_domain(db, "there.example")
    assert not lift(store, other.tenant_id, block(store, author).block.id)
    assert send(store, author, 1)


def test_administrators_are_to_be_told_until_one_worker_has(
    store: Store, author: Author, jobs: RecordedJobs, clock: Traveller
) -> None:
    block_id = block(store, author).block.id
    assert (blocks.TELL, block_id) in jobs.asked
    assert due(store) == [block_id]
    late = take(store, block_id)
    assert late
    assert take(store, block_id) is None
    clock.shift(blocks.TRY_AGAIN_AFTER)
    taken = take(store, block_id)
    assert taken
    with store.write() as db:
        assert not blocks.told(db, late)
        assert blocks.told(db, taken)
    assert due(store) == []


@on_sqlite
def test_blocks_are_kept_for_some_weeks(store: Store, author: Author, clock: Traveller) -> None:
    found = block(store, author).block
    for moment, left in ((found.until, 1), (found.until + blocks.KEPT * 1.01, 0)):
        clock.move_to(moment)
        with store.write() as db:
            blocks.purge(db)
            assert len(db.scalars(select(SendingBlock)).all()) == left


@on_sqlite
def test_an_operator_sees_and_lifts_blocks(store: Store, author: Author) -> None:
    number = block(store, author).block.id
    line = f"{number}  {ANNA}  until 2026-11-24 15:01+01:00  too many recipients within an hour"
    for args in ([], ["muster.example"]):
        assert run(store, "list", *args).output.startswith(line)
    assert run(store, "lift", str(number)).output == f"{ANNA} may send again.\n"
    assert run(store, "list").output == ""
    assert run(store, "lift", str(number)).exit_code == 2


@on_sqlite
@pytest.mark.parametrize("whom", ["muster.example", ANNA], ids=["domain", "mailbox"])
def test_an_operator_sets_limits_and_sees_those_that_hold(
    store: Store, author: Author, whom: str
) -> None:
    said = run(store, "set", whom, "--hour", "7", "--unknown", "0").output.splitlines()
    assert [line.split()[0] for line in said] == ["7", "500", "50", "200", "0"]
    assert run(store, "set", whom).output.splitlines() == said
    assert run(store, "set", BEAT).exit_code == 2
