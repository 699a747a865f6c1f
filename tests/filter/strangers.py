"""The server of a stranger's domain, which DNS names, and mail that waits for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from filter.delivery import drain
from mailstore.deliveries import Delivery, State
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.sending import stspolicies, tlspolicies
from mailstore.sending.stspolicies import Mode, Wish
from mailstore.store import Store
from tests.factories import a_domain, a_mailbox, an_accepted
from tests.filter.authority import Authority, Shown
from tests.filter.names import FakeDNS
from tests.filter.rows import lane_of, now
from tests.filter.sink import OFFERS, Sink

THERE, MX = "there.example", "mx.there.example"


@dataclass
class Stranger:
    """A domain there.example whose one server is a sink; `queued` is a mail to it."""

    store: Store
    names: FakeDNS
    sink: Sink
    ca: Authority
    queued: Delivery

    @classmethod
    def of(cls, store: Store, names: FakeDNS, sink: Sink, ca: Authority) -> "Stranger":
        """Let a domain be known to DNS, and queue a mail to it."""
        names.records = {("MX", THERE): [f"10 {MX}."], ("A", MX): ["127.0.0.1"]}
        reached = {"dns_servers": f"127.0.0.1:{names.port}", "inside_networks": "127.0.0.0/8"}
        store.settings = store.settings.model_copy(update=reached | {"tls_authorities": ca.file})
        with store.write() as db:
            a_domain(db, next_hop=f"mx:{THERE}:{sink.port}")
            mailbox = a_mailbox(db)
        return cls(store, names, sink, ca, an_accepted(store, mailbox))

    def shows(self, shown: Shown) -> None:
        """Let its server speak TLS."""
        self.sink.offers, self.sink.context = (*OFFERS, "STARTTLS"), shown.context

    def says(self, mode: Mode, *patterns: str) -> None:
        """Let its policy (MTA-STS) be known already."""
        with self.store.write() as db:
            stspolicies.keep(db, THERE, "1", Wish(mode, patterns or (MX,), timedelta(days=7)))

    def is_asked_for(self, safety: str) -> None:
        """Let the operator ask for something."""
        with self.store.write() as db:
            tlspolicies.put(db, THERE, safety, by="test")

    def names_keys(self, *records: str) -> None:
        """Let DNS name keys of its server, and prove that."""
        self.names.signed = (THERE,)
        self.names.records["TLSA", f"_{self.sink.port}._tcp.{MX}"] = list(records)

    def queue_more(self, count: int) -> None:
        """Queue more mails to it."""
        with self.store.read() as db:
            mailbox = db.get_one(Mailbox, self.queued.mailbox_id)
        for _ in range(count):
            an_accepted(self.store, mailbox)

    def drained(self) -> str:
        """Try to hand the mail on; return how safe it went, or why it waits untouched."""
        drain(self.store, self.queued.lane_id)
        if now(self.store, self.queued).state is State.DELIVERED:
            return self._said()[-1]
        assert now(self.store, self.queued).state is State.QUEUED
        assert not any(line.startswith("MAIL") for line in self.sink.commands)
        return lane_of(self.store, self.queued).last_error

    def _said(self) -> Sequence[str]:
        with self.store.read() as db:
            lines = db.scalars(select(Event.detail).where(Event.kind == State.DELIVERED))
            return [line["tls"] for line in lines]
