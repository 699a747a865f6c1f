"""What went wrong for the people of the tests of all pages: refused mail, and an outage."""

from datetime import timedelta

from mailstore import clock, incidents, refusals
from mailstore.deliveries import Delivery, State
from mailstore.incidents import IncidentKind
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox
from mailstore.refusals import Refused
from mailstore.store import Store
from tests.portal.mails import become

LONG = "Donaudampfschifffahrtsgesellschaft" * 4


def refused(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        refusals.record(
            db,
            [
                Refused(
                    at=clock.now(),
                    tenant_id=anna.tenant_id,
                    domain_id=anna.domain_id,
                    mailbox_id=anna.id,
                    recipient=anna.address,
                    client_ip="192.0.2.7",
                    sender="bounce@platform.example",
                    author="bob@there.example",
                    subject="Plans",
                    reason=reason,
                    reply="550 5.7.1 no",
                )
                for reason in ("score", "blocked author", "mandatory rule VIRUS_FOUND")
            ],
        )


def outage(store: Store, kept: list[int]) -> None:
    since = clock.now() - timedelta(hours=2)
    with store.read() as db:
        waiting, taken, failed = (db.get_one(Delivery, each) for each in kept[:3])
    become(store, taken, State.DELIVERED, reply="250 2.0.0 Ok: queued as 4F2A")
    become(store, failed, State.FAILED, reply=f"550 5.1.1 {LONG}")
    with store.write() as db:
        lane = db.get_one(Lane, waiting.lane_id)
        lane.down_since, lane.last_error = since, f"connection refused {LONG}"
        incidents.begin(db, IncidentKind.OUTAGE, str(lane.id), "gone", since=since, lane_id=lane.id)
