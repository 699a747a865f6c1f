import threading
from datetime import timedelta

import pytest

from filter.telling import send_notice
from mailstore import clock, notices
from mailstore.notices import GIVE_UP, Notice, Way
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.filter.background import Background
from tests.filter.conftest import MakeSink
from tests.filter.names import FakeDNS
from tests.filter.sink import CLOSE, CONTENT, DOT, Sink, unstuffed
from tests.filter.tellings import MINUTE, a_notice, again, is_tried_later, sent

MAIL = b"From: quarantine@mx.mailhafen.test\r\nSubject: x\r\n\r\n.x\r\n"
ANNA = "anna@private.example"
OF_ANNA, NAMED = ("MX", "private.example"), ("A", "mx.private.example")
NOWHERE = {
    "takes no mail": ({OF_ANNA: ["0 ."]}, "takes no mail"),
    "does not exist": ({}, "there is no domain"),
    "inside": ({OF_ANNA: ["1 mx.private.example."], NAMED: ["127.0.0.1"]}, "is not allowed"),
}


@pytest.fixture
def outside(a_sink: MakeSink, store: Store) -> Sink:
    """Return the server that takes all mail to the outside."""
    sink = a_sink()
    set_to(store, smarthost=f"127.0.0.1:{sink.port}")
    return sink


def set_to(store: Store, **values: object) -> None:
    store.settings = store.settings.model_copy(update=values)


def a_mail(store: Store, target: str = ANNA, *, age: timedelta = MINUTE) -> Notice:
    return a_notice(store, Way.MAIL, target, MAIL, age=age)


def test_a_notice_goes_past_the_queue_without_a_sender(outside: Sink, store: Store) -> None:
    done = sent(store, a_mail(store))
    assert outside.commands[1:3] == ["MAIL FROM:<> BODY=8BITMIME", f"RCPT TO:<{ANNA}>"]
    assert [unstuffed(wire) for wire in outside.mails] == [MAIL]
    assert (done.try_at, done.reply) == (None, "250 2.0.0 kept")
    assert done.sent_at is not None


@on_sqlite
def test_a_notice_needs_one_connection_which_it_ends(outside: Sink, store: Store) -> None:
    sent(store, a_mail(store))
    assert (outside.connections, outside.commands[-1]) == (1, "QUIT")


@on_sqlite
def test_a_notice_is_sent_once_though_its_job_runs_often(outside: Sink, store: Store) -> None:
    notice = a_mail(store)
    for _ in range(5):
        sent(store, notice)
    assert len(outside.mails) == 1


def test_of_many_workers_at_once_one_sends_a_notice(outside: Sink, store: Store) -> None:
    notice = a_mail(store)
    workers = [threading.Thread(target=send_notice, args=(store, notice.id)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(outside.mails) == 1


@on_sqlite
def test_a_notice_that_is_not_written_yet_is_not_sent(outside: Sink, store: Store) -> None:
    notice = a_mail(store)
    with store.write() as db:
        db.get_one(Notice, notice.id).content = None
    assert is_tried_later(sent(store, notice))
    assert outside.connections == 0


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", DOT])
@on_sqlite
def test_a_refused_notice_is_not_tried_again(outside: Sink, store: Store, stage: str) -> None:
    outside.replies[stage] = "550 5.1.1 nobody"
    done = sent(store, a_mail(store))
    assert (done.sent_at, done.try_at, done.reply) == (None, None, "550 5.1.1 nobody")


@pytest.mark.parametrize(
    ("stage", "reply"),
    [("connect", "421 4.3.2 no"), ("RCPT", "451 4.3.0 later"), (CONTENT, CLOSE), (DOT, CLOSE)],
    ids=["turned away", "put off", "hung up within", "hung up after"],
)
@on_sqlite
def test_a_notice_that_nobody_took_is_tried_later(
    outside: Sink, store: Store, stage: str, reply: str | None
) -> None:
    outside.replies[stage] = reply
    notice = a_mail(store)
    waiting = sent(store, notice)
    assert is_tried_later(waiting)
    assert waiting.reply
    outside.replies.clear()
    assert again(store, notice).sent_at is not None


@on_sqlite
def test_a_notice_is_tried_later_when_no_server_answers(
    outside: Sink, store: Store, background: Background
) -> None:
    background.run(outside.stop())
    assert is_tried_later(sent(store, a_mail(store)))


@on_sqlite
def test_a_notice_that_waited_for_two_days_is_given_up(outside: Sink, store: Store) -> None:
    outside.replies["RCPT"] = "451 4.3.0 later"
    done = sent(store, a_mail(store, age=GIVE_UP + MINUTE))
    assert (done.sent_at, done.try_at) == (None, None)


def test_a_notice_whose_worker_died_is_sent_after_its_wait(outside: Sink, store: Store) -> None:
    notice = a_mail(store)
    with store.write() as db:
        assert notices.take(db, notice.id, written=True)
    sent(store, notice)
    assert outside.connections == 0
    assert again(store, notice).sent_at is not None


@on_sqlite
@pytest.mark.parametrize(("records", "reply"), NOWHERE.values(), ids=NOWHERE)
def test_a_notice_by_dns_reaches_nobody_where_dns_names_nobody(
    names: FakeDNS, store: Store, records: dict[tuple[str, str], list[str]], reply: str
) -> None:
    names.records = records
    set_to(store, dns_servers=f"127.0.0.1:{names.port}")
    waiting = sent(store, a_mail(store))
    assert is_tried_later(waiting)
    assert reply in waiting.reply


@on_sqlite
def test_an_address_beyond_ascii_is_told(outside: Sink, store: Store) -> None:
    done = sent(store, a_mail(store, "jürg@private.example"))
    assert done.sent_at is not None
    assert outside.commands[1].endswith(" SMTPUTF8")
    assert clock.now() - done.sent_at < MINUTE
