"""What scanners say of mail that somebody released."""

import pytest
from sqlalchemy import true, update

from filter.releasing import scan_releases
from mailstore import clock, quarantine
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.scope import EVERYBODY
from mailstore.store import Store
from tests.factories import RAW, a_held_delivery
from tests.filter.rows import now
from tests.filter.scanners.conftest import MakeFake
from tests.filter.scanners.engines import SIGNATURE, VIRUS, Daemon
from tests.filter.scanners.fakes import Manner

UNKNOWN_YET = RAW + VIRUS


@pytest.fixture
def released(store: Store) -> Delivery:
    held = a_held_delivery(store, raw=UNKNOWN_YET)
    with store.write() as db:
        assert quarantine.release(db, EVERYBODY, held.id, by="anna", may=true())
    return held


def scan(store: Store, port: int, **settings: object) -> None:
    named = {"clamav": f"127.0.0.1:{port}", "scanner_seconds": 2.0}
    store.settings = store.settings.model_copy(update=named | settings)
    scan_releases(store)


def let_a_minute_pass(store: Store) -> None:
    with store.write() as db:
        db.execute(update(Delivery).values(next_attempt_at=clock.now()))


def test_a_virus_that_is_known_by_now_stops_the_release(
    store: Store, released: Delivery, clamd: Daemon
) -> None:
    scan(store, clamd.port)
    held = now(store, released)
    assert (held.state, held.mail_class) == (State.QUARANTINED, MailClass.VIRUS)
    assert held.symbols[0][:2] == ["VIRUS_FOUND", SIGNATURE]


@pytest.mark.parametrize(
    "manner", [Manner.HANGS_UP, Manner.CUTS, Manner.HANGS], ids=["hangs up", "cuts", "hangs"]
)
def test_a_scanner_that_does_not_answer_puts_the_release_off(
    store: Store, released: Delivery, a_fake: MakeFake, manner: Manner
) -> None:
    scan(store, a_fake(b"stream: OK\0", manner).port, scanner_seconds=0.3)
    waiting = now(store, released)
    assert waiting.state is State.RELEASING
    assert waiting.reply.startswith("clamav: ")
    assert waiting.next_attempt_at is not None
    assert 50 < (waiting.next_attempt_at - clock.now()).total_seconds() <= 60


def test_after_ten_silent_tries_the_mail_is_held_again(
    store: Store, released: Delivery, closed_port: int
) -> None:
    states = []
    for _ in range(10):
        scan(store, closed_port)
        states.append(now(store, released).state)
        let_a_minute_pass(store)
    assert states == [State.RELEASING] * 9 + [State.QUARANTINED]
    held = now(store, released)
    assert (held.reason, held.mail_class) == ("could not be scanned", MailClass.SPAM)
    assert held.symbols[0][0] == "UNSCANNED"


def test_once_the_scanner_answers_again_the_mail_goes_on(
    store: Store, released: Delivery, closed_port: int, a_fake: MakeFake
) -> None:
    scan(store, closed_port)
    let_a_minute_pass(store)
    scan(store, a_fake(b"stream: OK\0").port)
    assert (now(store, released).state, now(store, released).attempts) == (State.QUEUED, 0)


def test_what_a_scanner_that_is_well_declines_is_not_put_off(
    store: Store, released: Delivery, a_fake: MakeFake
) -> None:
    scan(store, a_fake(b"INSTREAM size limit exceeded. ERROR\0").port)
    assert now(store, released).state is State.QUEUED
