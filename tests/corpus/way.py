"""The whole way of a mail in one process: relay, next hop and portal on one store.

Anna's mail is delivered; Beat's policy holds whatever it is, so that one mail for both of them
goes through webmail, quarantine and report alike.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from bench.sink import Sink
from filter.delivery import drain
from filter.examination import CHILD
from filter.rule import load_rules
from mailstore.deliveries import Delivery, State
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.policies import PolicyRow
from mailstore.sandbox_pool import SandboxPool
from mailstore.store import Store
from portal.app import create_app
from tests import reporting
from tests.factories import ANNA, BEAT, a_domain, let_go
from tests.filter.background import Background
from tests.filter.relay import Relay
from tests.filter.talk import Talk
from tests.portal.browsing import an_owner, enter

SAMPLES = Path(__file__).parent.parent / "messages"
_OURS = re.compile(rb"(?s)Received: from client\.example .*?\r\nX-Mailhafen-Id: [0-9a-f]{16}\r\n")


def ended(raw: bytes) -> bytes:
    """Return a mail as it can be sent: SMTP ends it after a line (RFC 5321 §4.1.1.4)."""
    return raw if not raw or raw.endswith(b"\r\n") else raw + b"\r\n"


def canonical(raw: bytes) -> bytes:
    """Return a mail as it is kept: every line ends with CRLF, the last one too."""
    return re.sub(rb"\r\n|\r|\n", b"\r\n", ended(raw))


def below_our_lines(content: bytes) -> bytes:
    """Return what stands in a delivered mail below the lines that we add."""
    found = _OURS.match(content)
    assert found, content[:1000]
    return content[found.end() :]


class Way:
    """Takes mail by SMTP, shows it, reports it and hands it on."""

    def __init__(self, store: Store, relay: Relay, sink: Sink) -> None:
        self.store, self.relay, self.sink = store, relay, sink
        self._app = create_app(store.settings, store, tuple(load_rules().values()))
        self.sandbox = self._app.extensions["sandbox"]
        self.anna, self.beat = (self._browser(address) for address in (ANNA, BEAT))

    def take(self, raw: bytes) -> str:
        """Send a mail to both and return the answer to its end."""
        with Talk(self.relay.port) as talk:
            stuffed = (b"\r\n" + ended(raw)).replace(b"\r\n.", b"\r\n..")[2:]
            return talk.mail(stuffed, ANNA, BEAT)

    def newest(self) -> tuple[Delivery, Delivery]:
        """Return Anna's and Beat's delivery of the mail that came last, its message loaded."""
        with self.store.read() as db:
            found = db.scalars(
                select(Delivery)
                .join(Delivery.message)
                .options(contains_eager(Delivery.message))
                .order_by(Delivery.message_id.desc(), Delivery.recipient)
                .limit(2)
            ).all()
        return found[0], found[1]

    def content(self, message: Message) -> bytes:
        """Return the stored bytes."""
        return b"".join(self.store.content(message))

    def pages(self) -> dict[str, str]:
        """Return the text of every page on which a held and a delivered mail are to be seen."""
        copy, held = self.newest()
        shown = [(self.beat, f"/quarantine/{held.id}"), (self.beat, f"/quarantine/{held.id}/body")]
        shown += [(self.anna, "/webmail/"), (self.beat, "/quarantine/")]
        if copy.state is not State.QUARANTINED:
            shown += [(self.anna, f"/webmail/m/{copy.id}{each}") for each in ("", "/body")]
            shown += [(self.anna, f"/webmail/m/{copy.id}/source")]
        return {path: _page(browser, path) for browser, path in shown}

    def report(self) -> bytes:
        """Return the report of what is held for Beat."""
        with self.store.read() as db:
            beat = db.scalars(select(Mailbox).where(Mailbox.address == BEAT)).one()
        return reporting.raw(self.store, reporting.keep(self.store, beat).draft)

    def deliver(self) -> list[bytes]:
        """Release what is held of the mail that came last, and return what comes of all of it."""
        newest = self.newest()
        name = newest[0].message.public_id
        for each in newest:
            if each.state is State.QUARANTINED:
                let_go(self.store, each)
        drain(self.store, newest[0].lane_id)
        came = [taken.content for taken in self.sink.taken if taken.public_id == name]
        return [below_our_lines(content) for content in came]

    def _browser(self, address: str) -> FlaskClient:
        with self.store.read() as db:
            mailbox = db.scalars(select(Mailbox).where(Mailbox.address == address)).one()
        client = self._app.test_client()
        enter(client, self.store, an_owner(self.store, mailbox))
        return client


@contextmanager
def a_way(store: Store) -> Iterator[Way]:
    """Run a relay on a store whose people are not there yet, with a next hop that keeps mail."""
    sink = Sink(keep=True)
    sink.start()
    with store.write() as db:
        a_domain(db, "muster.example", next_hop=f"127.0.0.1:{sink.port}")
    with Background() as background, background.within(SandboxPool(CHILD, 1)) as pool:
        relay = Relay(store, pool)
        _hold_all_for(store, BEAT)
        background.run(relay.start())
        way = Way(store, relay, sink)
        yield way
        way.sandbox.close()
        background.run(relay.stop())
    sink.stop()


def symbols(delivery: Delivery) -> Sequence[Any]:
    """Return the names of what was found."""
    return [name for name, *_ in delivery.symbols]


def _hold_all_for(store: Store, address: str) -> None:
    with store.write() as db:
        mailbox = db.scalars(select(Mailbox).where(Mailbox.address == address)).one()
        holds = PolicyRow(
            tenant_id=mailbox.tenant_id, name="Holds all", values={"quarantine_at": -100.0}
        )
        db.add(holds)
        db.flush()
        mailbox.policy_id = holds.id


def _page(browser: FlaskClient, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status)
    return answer.text
