"""Mail that went out, as the relay will have recorded it."""

from collections.abc import Sequence
from dataclasses import replace

from mailstore import lanes, recording
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.envelopes import Action, Client, MailClass, Policy, Recipient, Verdict
from mailstore.mailboxes import Mailbox
from mailstore.routes import Route
from mailstore.store import Store
from tests.factories import ANNA, PEER, RAW, accepted_by, deliveries_of

THERE = ("person1@there.example", "person2@there.example", "person3@there.example")


def an_outgoing(  # noqa: PLR0913 (what may differ from mail to mail is its arguments)
    store: Store,
    mailbox: Mailbox,
    *,
    by_program: bool = False,
    route: str = "127.0.0.1:2527",
    to: Sequence[str] = THERE,
    raw: bytes = RAW,
    mail_class: MailClass = MailClass.CLEAN,
    client: Client = PEER,
    sender: str = ANNA,
) -> Sequence[Delivery]:
    """Return the queued deliveries of a mail that a mailbox, or a program of its domain, wrote."""
    ids = mailbox.tenant_id, mailbox.domain_id
    with store.write() as db:
        lane_id = lanes.lane_to(db, Route.parse(route), named_by=lanes.OPERATOR)
    strangers = [Recipient(Address.parse(each), *ids, None, lane_id, 7, 7, Policy()) for each in to]
    verdicts = [Verdict(each, Action.DELIVER, mail_class, 0.0, "score", ()) for each in strangers]
    accepted = replace(
        accepted_by(store, verdicts, raw=raw),
        client=client,
        sender=sender,
        writer_id=None if by_program else mailbox.id,
    )
    (place,) = store.packs.append([accepted.sealed.slice])
    with store.write() as db:
        recording.record(db, [(accepted, place)])
        return deliveries_of(db, accepted)
