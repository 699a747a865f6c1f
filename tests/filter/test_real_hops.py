import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from filter.crew import MOST_CONNECTIONS
from filter.delivery import drain
from mailstore import domains
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, State
from mailstore.store import Store
from tests.authority import Authority
from tests.daemons import HERE
from tests.databases import on_sqlite
from tests.dovecot import FULL, FULL_FOR_NOW, Dovecot
from tests.factories import ANNA, BEAT, a_domain, a_mailbox, an_accepted
from tests.filter.rows import lane_of, now
from tests.postfix import Postfix

pytest_plugins = ["tests.peers"]
pytestmark = on_sqlite

MESSAGES = Path(__file__).parent.parent / "messages"
HEAD = b"From: bob@there.example\r\nSubject: generated\r\n\r\n"
GENERATED = (
    HEAD + b".\r\n..\r\n.a\r\n...\r\n\r\n.\r\n",
    HEAD + "Zürich, 5 €\r\n".encode() + bytes(range(0x80, 0x100)) + b"\r\n",
    HEAD + b"x" * 998 + b"\r\n" + b"y" * 100_000 + b"\r\n",
    HEAD + b"the last line has no end",
    HEAD + b"ends in a dot\r\n.",
    HEAD + b"\r\n\r\n",
    b"Subject: no body\r\n\r\n",
)
LARGE = HEAD + b"large " * 12 * 70_000 + b"\r\n"
MARK = b"X-Number: "
# What stands above a mail: our lines, and what a server adds.
TOP = re.compile(
    rb"(?:(?:Return-Path|X-Original-To|Delivered-To|Received|X-Mailhafen-[A-Z][a-z]+): .*\r\n"
    rb"(?:[ \t].*\r\n)*)+"
)
QUEUE_ID = re.compile(rb"\(Postfix\) with ESMTPS? id (\w+)")
MANY = 100
ONE = (MARK + b"0\r\n" + HEAD,)


@pytest.fixture(autouse=True)
def _postfix_is_empty(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "postfix" in request.fixturenames:
        request.getfixturevalue("postfix").arrived()


@pytest.fixture
def mails() -> list[bytes]:
    """Return a hundred different mails, each numbered; one is large."""
    samples = [path.read_bytes() for path in sorted(MESSAGES.glob("*.eml"))]
    chosen = [LARGE, *islice(cycle([*GENERATED, *samples]), 99)]
    return [MARK + b"%d\r\n" % number + mail for number, mail in enumerate(chosen)]


def queued(
    store: Store, route: str, mails: Sequence[bytes] = ONE, address: str = ANNA
) -> list[Delivery]:
    """Queue mails for somebody; the first of a domain says where its mail is handed on."""
    name = Address.parse(address).domain
    with store.write() as db:
        if not domains.ours(db, name):
            a_domain(db, name, next_hop=route)
        mailbox = a_mailbox(db, address)
    return [an_accepted(store, mailbox, raw=mail) for mail in mails]


def below(arrived: Sequence[bytes]) -> dict[int, list[bytes]]:
    """Return what came by its number, without what was put above it."""
    found = defaultdict(list)
    for content in arrived:
        top, _, mail = content.partition(MARK)
        assert TOP.fullmatch(top), top
        found[int(mail.split(b"\r\n")[0])].append(MARK + mail)
    return found


def each_once(mails: Sequence[bytes]) -> dict[int, list[bytes]]:
    """Return what comes of numbered mails; SMTP ends each of their lines."""
    return {
        number: [mail if mail.endswith(b"\r\n") else mail + b"\r\n"]
        for number, mail in enumerate(mails)
    }


def from_files(contents: Sequence[bytes]) -> list[bytes]:
    return [content.replace(b"\n", b"\r\n") for content in contents]


def undelivered(store: Store) -> int:
    with store.read() as db:
        count = select(func.count(Delivery.id)).where(Delivery.state != State.DELIVERED)
        return db.scalar(count) or 0


def test_postfix_gets_a_hundred_mails_once_each_byte_by_byte_over_few_connections(
    postfix: Postfix, store: Store, mails: list[bytes]
) -> None:
    before = postfix.connections()
    lane_id = queued(store, f"{HERE}:{postfix.port}", mails)[0].lane_id
    for _ in range(2):
        drain(store, lane_id)
    assert undelivered(store) == 0
    assert below(from_files(postfix.arrived())) == each_once(mails)
    assert postfix.connections() - before <= 2 * MOST_CONNECTIONS


def test_a_recipient_that_postfix_does_not_know_fails_alone(postfix: Postfix, store: Store) -> None:
    people = (ANNA, "nobody@muster.example", BEAT)
    tried = [queued(store, f"{HERE}:{postfix.port}", address=each)[0] for each in people]
    drain(store, tried[0].lane_id)
    states = [now(store, each).state for each in tried]
    assert states == [State.DELIVERED, State.FAILED, State.DELIVERED]
    assert now(store, tried[1]).reply.startswith("550 5.1.1 <nobody@muster.example>")
    assert len(postfix.arrived()) == 2


def test_mail_comes_once_though_postfix_stops_in_the_middle(postfix: Postfix, store: Store) -> None:
    """Twice comes only what Postfix had taken and did not live to say so."""
    store.settings = store.settings.model_copy(update={"probe_seconds": 0.05, "retry_seconds": 1.0})
    mails = [MARK + b"%d\r\n" % number + HEAD + b"text\r\n" * 20_000 for number in range(MANY)]
    tried = queued(store, f"{HERE}:{postfix.port}", mails)
    with capture_logs() as logs:
        worker = threading.Thread(target=drain_to_the_end, args=(store, tried[0].lane_id))
        worker.start()
        until(lambda: len(postfix.there()) >= 5)
        postfix.stop()
        assert undelivered(store) > 0
        postfix.start()
        worker.join()
    unsaid = {each["delivery"] for each in logs if each["event"] == "delivery_ambiguous"}
    times = taken(postfix.arrived())
    assert undelivered(store) == 0
    assert {number for number, each in times.items() if len(each) > 1} <= {
        number for number, each in enumerate(tried) if each.id in unsaid
    }
    assert set(times) == set(range(MANY))


def drain_to_the_end(store: Store, lane_id: int) -> None:
    until(lambda: drain(store, lane_id) or undelivered(store) == 0)


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def taken(contents: Sequence[bytes]) -> dict[int, set[bytes]]:
    """Return by number under which names Postfix had a mail in its queue."""
    found: defaultdict[int, set[bytes]] = defaultdict(set)
    for content in contents:
        (number,), name = re.findall(rb"X-Number: (\d+)", content), QUEUE_ID.search(content)
        found[int(number)] |= {name[1] if name else b""}
    return found


@pytest.mark.parametrize(
    ("named", "how", "state"),
    [
        (True, "tls=must", State.DELIVERED),
        (False, "tls=must", State.QUEUED),
        (False, "tls=may", State.DELIVERED),
        (True, f"tls=pin:{'0' * 64}", State.QUEUED),
    ],
    ids=["proven", "another name", "not asked for a name", "another key"],
)
def test_mail_goes_by_tls_that_is_as_safe_as_the_route_says(
    postfix: Postfix, store: Store, authority: Authority, named: bool, how: str, state: State
) -> None:
    store.settings = store.settings.model_copy(update={"tls_authorities": authority.file})
    port = postfix.port if named else postfix.other
    (mail,) = queued(store, f"{HERE}:{port} {how}")
    drain(store, mail.lane_id)
    assert now(store, mail).state is state
    delivered = [b"with ESMTPS" in each for each in postfix.arrived()]
    assert delivered == [True] * (state is State.DELIVERED)


def test_a_certificate_of_an_unknown_authority_keeps_mail_waiting_and_says_why(
    postfix: Postfix, store: Store
) -> None:
    (mail,) = queued(store, f"{HERE}:{postfix.port} tls=must")
    drain(store, mail.lane_id)
    assert (now(store, mail).state, postfix.arrived()) == (State.QUEUED, [])
    assert "unable to get local issuer" in lane_of(store, mail).last_error


def test_dovecot_gets_mails_by_lmtp_once_each_and_byte_by_byte(
    dovecot: Dovecot, store: Store, mails: list[bytes]
) -> None:
    anna, mails = dovecot.person(), mails[: len(GENERATED) + 50]
    lane_id = queued(store, f"lmtp:{HERE}:{dovecot.lmtp}", mails, anna)[0].lane_id
    for _ in range(2):
        drain(store, lane_id)
    assert undelivered(store) == 0
    assert below([each.content for each in dovecot.kept(anna)]) == each_once(mails)


@pytest.mark.parametrize(
    ("domain", "state", "reply"),
    [
        ("stranger.example", State.FAILED, "550 5.1.1"),
        (FULL, State.FAILED, "552 5.2.2"),
        (FULL_FOR_NOW, State.QUEUED, "452 4.2.2"),
    ],
    ids=["unknown", "full", "full for now"],
)
def test_a_mail_that_dovecot_refuses_gets_its_reply_and_the_others_are_delivered(
    dovecot: Dovecot, store: Store, domain: str, state: State, reply: str
) -> None:
    route, anna = f"lmtp:{HERE}:{dovecot.lmtp}", dovecot.person()
    (refused,) = queued(store, route, address=dovecot.person(domain))
    (sound,) = queued(store, route, address=anna)
    drain(store, refused.lane_id)
    said = now(store, refused)
    assert (said.state, said.reply[:9]) == (state, reply)
    assert refused.recipient in said.reply
    assert (now(store, sound).state, len(dovecot.kept(anna))) == (State.DELIVERED, 1)


def test_lmtp_is_proven_like_smtp(dovecot: Dovecot, store: Store, authority: Authority) -> None:
    store.settings = store.settings.model_copy(update={"tls_authorities": authority.file})
    anna = dovecot.person()
    (mail,) = queued(store, f"lmtp:{HERE}:{dovecot.lmtp} tls=must", address=anna)
    drain(store, mail.lane_id)
    assert len(dovecot.kept(anna)) == 1
