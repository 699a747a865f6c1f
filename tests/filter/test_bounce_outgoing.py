"""Mail that our people sent and that failed: they learn of it, and nothing answers an answer."""

from typing import Any

import pytest
from sqlalchemy import select

from filter.bounce import write_bounce
from filter.delivery import drain
from mailstore import clock, folders, overdue
from mailstore.deliveries import Delivery, Direction, State
from mailstore.envelopes import MailClass
from mailstore.folders import Folder
from mailstore.mailboxes import Mailbox
from mailstore.pages import Page
from mailstore.scope import Scope
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA, RAW
from tests.filter.bounces import REFUSED, bounces, raw_of, read
from tests.filter.conftest import MakeSink
from tests.filter.rows import now
from tests.filter.sink import Sink
from tests.mailstore.sending.outgoing import THERE, an_outgoing

VACATION = RAW.replace(b"Subject:", b"Auto-Submitted: auto-replied\r\nSubject:")


@pytest.fixture
def outside(a_sink: MakeSink) -> Sink:
    """Return a server outside that knows nobody."""
    return a_sink({"RCPT": REFUSED})


@pytest.fixture
def anna(hop: Sink, store: Store) -> Mailbox:
    with store.read() as db:
        return db.scalars(select(Mailbox).where(Mailbox.address == ANNA)).one()


def lost(store: Store, anna: Mailbox, outside: Sink, **values: Any) -> Delivery:
    """Return a mail of Anna's to one stranger that was refused, and tell whoever is to be told."""
    route = f"127.0.0.1:{outside.port}"
    (sent,) = an_outgoing(store, anna, **{"route": route, "to": THERE[:1]} | values)
    drain(store, sent.lane_id)
    tell(store)
    assert now(store, sent).state is State.FAILED
    return sent


def tell(store: Store) -> None:
    with store.read() as db:
        untold = overdue.untold(db, clock.now())
    for each in untold:
        write_bounce(store, each)


def inbox(store: Store, anna: Mailbox) -> list[str]:
    scope = Scope(anna.tenant_id, frozenset({anna.id}))
    with store.read() as db:
        return [each.message.subject for each in folders.listed(db, scope, Folder.INBOX, Page())]


def test_what_a_person_sent_and_failed_comes_back_to_their_mailbox_and_webmail(
    store: Store, hop: Sink, anna: Mailbox, outside: Sink
) -> None:
    lost(store, anna, outside)
    (bounce,) = bounces(store)
    assert (bounce.direction, bounce.mailbox_id) == (Direction.IN, anna.id)
    assert inbox(store, anna) == ["Nicht zugestellt: Plans"]
    found = read(raw_of(store, bounce))
    assert found.each["Final-Recipient"] == f"rfc822; {THERE[0]}"
    drain(store, bounce.lane_id)
    assert hop.commands[1:3] == ["MAIL FROM:<> BODY=8BITMIME", f"RCPT TO:<{ANNA}>"]


@on_sqlite
def test_of_several_strangers_each_that_failed_is_told(
    store: Store, anna: Mailbox, outside: Sink
) -> None:
    route = f"127.0.0.1:{outside.port}"
    sent = an_outgoing(store, anna, route=route)
    drain(store, sent[0].lane_id)
    tell(store)
    assert len(inbox(store, anna)) == len(bounces(store)) == len(THERE)


@on_sqlite
@pytest.mark.parametrize("by_program", [False, True], ids=["person", "server"])
def test_a_null_sender_is_told_nothing(
    store: Store, anna: Mailbox, outside: Sink, by_program: bool
) -> None:
    lost(store, anna, outside, sender="", raw=VACATION, by_program=by_program)
    assert bounces(store) == []


def test_a_vacation_reply_that_fails_and_whose_bounce_fails_makes_one_bounce(
    store: Store, hop: Sink, anna: Mailbox, outside: Sink
) -> None:
    lost(store, anna, outside, raw=VACATION)
    (bounce,) = bounces(store)
    assert b"\r\nAuto-Submitted: auto-replied\r\n" in raw_of(store, bounce)
    hop.replies["RCPT"] = REFUSED
    drain(store, bounce.lane_id)
    tell(store)
    (only,) = bounces(store)
    assert only.state is State.FAILED


@on_sqlite
def test_no_notice_of_delay_goes_to_a_null_sender(store: Store, anna: Mailbox) -> None:
    an_outgoing(store, anna, sender="")
    with store.write() as db:
        assert overdue.find_delayed(db, clock.now()) == 0


@on_sqlite
def test_a_program_without_a_mailbox_is_told_by_its_domains_own_server(
    store: Store, hop: Sink, anna: Mailbox, outside: Sink
) -> None:
    lost(store, anna, outside, sender="shop@muster.example", by_program=True)
    (bounce,) = bounces(store)
    assert (bounce.direction, bounce.recipient) == (Direction.IN, "shop@muster.example")
    drain(store, bounce.lane_id)
    assert "RCPT TO:<shop@muster.example>" in hop.commands
    assert inbox(store, anna) == []


@on_sqlite
@pytest.mark.parametrize("by_program", [False, True], ids=["person", "program"])
def test_our_own_people_and_programs_are_told_whatever_their_mail_was_judged_as(
    store: Store, anna: Mailbox, outside: Sink, by_program: bool
) -> None:
    lost(store, anna, outside, mail_class=MailClass.SPAM, by_program=by_program)
    assert len(bounces(store)) == 1
