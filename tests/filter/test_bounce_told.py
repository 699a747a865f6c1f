import threading
from datetime import timedelta

import pytest

from filter.bounce import write_bounce
from filter.delivery import drain
from mailstore import clock, health, overdue
from mailstore.deliveries import TOLD_OF, Delivery, Direction, State
from mailstore.envelopes import MailClass
from mailstore.jobs import REGISTRY
from mailstore.lanes import NOBODY, OPERATOR
from mailstore.messages import Message
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA, BEAT, BOB, RecordedJobs
from tests.filter.bounces import REFUSED, alter, bounces, failures, raw_of, read
from tests.filter.conftest import MakeSink, Queue
from tests.filter.rows import damage, events_of, lane_of, now, renamed
from tests.filter.sink import Sink, unstuffed

NEVER = sorted(set(MailClass) - set(TOLD_OF))
DAY = timedelta(days=1)


@pytest.fixture
def outside(a_sink: MakeSink, store: Store) -> Sink:
    """Return the server that takes all mail to the outside."""
    sink = a_sink()
    route = f"127.0.0.1:{sink.port}"
    store.settings = store.settings.model_copy(update={"smarthost": route})
    return sink


@pytest.fixture
def failed(hop: Sink, queue: Queue, store: Store) -> Delivery:
    """Return a mail from Bob to Anna that her server refused."""
    return refused(hop, store, queue())


def refused(hop: Sink, store: Store, queued: Delivery) -> Delivery:
    hop.replies["RCPT"] = REFUSED
    drain(store, queued.lane_id)
    hop.replies.clear()
    assert now(store, queued).state is State.FAILED
    return queued


def untold(store: Store) -> list[int]:
    with store.read() as db:
        return list(overdue.untold(db, clock.now()))


def told(store: Store, delivery: Delivery) -> list[Delivery]:
    write_bounce(store, delivery.id)
    assert untold(store) == []
    return bounces(store)


def late(store: Store, delivery: Delivery, *, hours: float = 4) -> None:
    """Look for mail that waits since so many hours, as a worker does once a minute."""
    with store.write() as db:
        overdue.find_delayed(db, clock.now() - timedelta(hours=hours))


def test_a_refused_mail_is_told_to_its_sender_by_a_mail_without_a_sender(
    outside: Sink, failed: Delivery, store: Store
) -> None:
    (bounce,) = told(store, failed)
    drain(store, bounce.lane_id)
    assert outside.commands[1:3] == ["MAIL FROM:<> BODY=8BITMIME", f"RCPT TO:<{BOB}>"]
    (wire,) = outside.mails
    assert failures(unstuffed(wire)) == (set(), {ANNA.encode()})
    assert read(unstuffed(wire)).each["Status"] == "5.1.1"
    assert events_of(store) == ["failed", "bounced", "delivered"]


@on_sqlite
def test_the_sweep_asks_for_a_bounce_until_it_is_written(failed: Delivery, store: Store) -> None:
    assert untold(store) == [failed.id]
    assert REGISTRY[overdue.BOUNCE] is write_bounce
    told(store, failed)


@on_sqlite
@pytest.mark.parametrize("mail_class", TOLD_OF)
def test_of_mail_that_was_judged_well_a_sender_is_told(
    hop: Sink, queue: Queue, store: Store, mail_class: MailClass
) -> None:
    lost = refused(hop, store, queue(mail_class=mail_class))
    assert len(told(store, lost)) == 1


@on_sqlite
@pytest.mark.parametrize("mail_class", NEVER)
def test_of_spam_and_worse_nobody_is_told(
    hop: Sink, queue: Queue, store: Store, mail_class: MailClass
) -> None:
    lost = refused(hop, store, queue(mail_class=mail_class))
    assert untold(store) == []
    write_bounce(store, lost.id)
    assert [each.id for each in bounces(store)] == ([lost.id] if mail_class == "report" else [])


@on_sqlite
def test_a_bounce_that_came_in_is_not_bounced(hop: Sink, queue: Queue, store: Store) -> None:
    came = queue()
    alter(store, came, sender="")
    refused(hop, store, came)
    assert untold(store) == []
    assert told(store, came) == []


@on_sqlite
def test_a_bounce_of_ours_that_fails_stays_failed_and_is_found(
    outside: Sink, failed: Delivery, store: Store, jobs: RecordedJobs
) -> None:
    (bounce,) = told(store, failed)
    outside.replies["RCPT"] = "550 5.1.1 nobody either"
    drain(store, bounce.lane_id)
    jobs.asked.clear()
    (lost,) = told(store, bounce)
    assert (lost.state, lost.direction) == (State.FAILED, Direction.OUT)
    assert jobs.asked == []
    assert events_of(store) == ["failed", "bounced", "failed"]
    with store.read() as db:
        assert [each.id for each in health.lost(db, lost.tenant_id, 10)] == [lost.id]


@on_sqlite
def test_what_answers_a_bounce_by_itself_has_nobody_to_answer(
    failed: Delivery, store: Store
) -> None:
    (bounce,) = told(store, failed)
    with store.read() as db:
        assert db.get_one(Message, bounce.message_id).sender == ""
    assert read(raw_of(store, bounce)).mail["Auto-Submitted"] == "auto-replied"


@on_sqlite
def test_a_sender_is_told_once_though_the_job_runs_a_hundred_times(
    failed: Delivery, store: Store
) -> None:
    for _ in range(100):
        write_bounce(store, failed.id)
    assert len(told(store, failed)) == 1


def test_of_many_workers_at_once_one_tells_a_sender(failed: Delivery, store: Store) -> None:
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        write_bounce(store, failed.id)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(told(store, failed)) == 1


def test_a_worker_that_dies_between_tells_nobody_and_the_next_one_does(
    failed: Delivery, store: Store
) -> None:
    with renamed(store, "figures"), pytest.raises(Exception, match="figures"):
        write_bounce(store, failed.id)
    assert (bounces(store), untold(store)) == ([], [failed.id])
    assert len(told(store, failed)) == 1


@on_sqlite
@pytest.mark.parametrize("sender", ["bob", "bob@[192.0.2.1]", "a@b@c d", "bob@there.example\r\nx"])
def test_a_sender_that_is_no_address_is_not_asked_about_again(
    failed: Delivery, store: Store, sender: str
) -> None:
    alter(store, failed, sender=sender)
    assert told(store, failed) == []
    assert events_of(store) == ["failed", "sender_untold"]


@on_sqlite
def test_a_sender_that_was_forged_is_told_nothing(failed: Delivery, store: Store) -> None:
    with store.write() as db:
        db.get_one(Delivery, failed.id).symbols = [["SPF_FAIL", "", 2.0]]
    assert told(store, failed) == []


@on_sqlite
@pytest.mark.parametrize("sender", ["jürg@there.example", "bob@zürich.example"])
def test_a_sender_beyond_ascii_is_told(
    outside: Sink, failed: Delivery, store: Store, sender: str
) -> None:
    alter(store, failed, sender=sender)
    (bounce,) = told(store, failed)
    drain(store, bounce.lane_id)
    assert outside.commands[1:3] == [
        "MAIL FROM:<> BODY=8BITMIME SMTPUTF8", f"RCPT TO:<{sender}>",
    ]  # fmt: skip
    assert read(unstuffed(outside.mails[0])).mail["To"] == sender


@on_sqlite
@pytest.mark.parametrize("erased", [False, True], ids=["damaged", "erased"])
def test_a_mail_whose_content_cannot_be_read_bounces_without_its_header(
    failed: Delivery, store: Store, erased: bool
) -> None:
    if erased:
        alter(store, failed, pack=None)
    else:
        damage(store, failed, missing=False)
    (bounce,) = told(store, failed)
    assert read(raw_of(store, bounce)).head == ""


@on_sqlite
def test_one_of_our_own_people_is_told_on_the_way_of_their_own_mail(
    hop: Sink, outside: Sink, failed: Delivery, store: Store
) -> None:
    alter(store, failed, sender=BEAT)
    (bounce,) = told(store, failed)
    assert (bounce.direction, bounce.recipient) == (Direction.IN, BEAT)
    assert bounce.mailbox_id is not None
    drain(store, bounce.lane_id)
    assert f"RCPT TO:<{BEAT}>" in hop.commands
    assert outside.connections == 0


@on_sqlite
def test_somebody_outside_is_told_by_the_smarthost(
    outside: Sink, failed: Delivery, store: Store
) -> None:
    (bounce,) = told(store, failed)
    lane = lane_of(store, bounce)
    assert (lane.route, lane.named_by) == (f"127.0.0.1:{outside.port}", OPERATOR)
    assert (bounce.direction, bounce.mailbox_id) == (Direction.OUT, None)


@on_sqlite
def test_somebody_outside_is_told_by_what_their_domain_names(
    failed: Delivery, store: Store
) -> None:
    (bounce,) = told(store, failed)
    lane = lane_of(store, bounce)
    assert (lane.route, lane.named_by) == ("mx:there.example:25", NOBODY)


@on_sqlite
def test_of_mail_that_waits_for_long_its_sender_is_told_once(queue: Queue, store: Store) -> None:
    waiting = queue(at=clock.now() - timedelta(hours=5))
    for _ in range(3):
        late(store, waiting)
        (notice,) = told(store, waiting)
    found = read(raw_of(store, notice))
    assert (found.each["Action"], found.each["Status"]) == ("delayed", "4.0.0")
    assert found.each["Will-Retry-Until"]
    assert now(store, waiting).state is State.QUEUED
    assert events_of(store) == ["delay_told"]


def test_mail_that_was_delivered_meanwhile_is_not_told_to_be_late(
    queue: Queue, store: Store
) -> None:
    waiting = queue(at=clock.now() - timedelta(hours=5))
    late(store, waiting)
    drain(store, waiting.lane_id)
    assert now(store, waiting).state is State.DELIVERED
    assert told(store, waiting) == []


@on_sqlite
def test_mail_that_fails_after_its_notice_of_delay_is_told_again(
    hop: Sink, queue: Queue, store: Store
) -> None:
    waiting = queue(at=clock.now() - timedelta(hours=5))
    late(store, waiting)
    told(store, waiting)
    refused(hop, store, waiting)
    first, second = told(store, waiting)
    assert [read(raw_of(store, each)).each["Action"] for each in (first, second)] == [
        "delayed", "failed",
    ]  # fmt: skip


def test_mail_given_up_after_a_long_outage_is_told_with_its_last_reply(
    queue: Queue, store: Store
) -> None:
    waiting = queue(at=clock.now() - 31 * DAY)
    with store.write() as db:
        assert overdue.give_up(db, clock.now() - 30 * DAY) == 1
    (bounce,) = told(store, waiting)
    found = read(raw_of(store, bounce))
    assert (found.each["Action"], found.each["Status"]) == ("failed", "4.4.7")
    assert "Der Mailserver antwortet nicht." in found.text
