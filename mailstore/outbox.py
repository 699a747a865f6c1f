"""The outbox: mail that Mailhafen itself writes, queued like any other."""

from sqlalchemy.orm import Session

from mailstore import clock, lanes, mailboxes, recording
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, Direction
from mailstore.domains import Domain
from mailstore.envelopes import Action, Client, MailClass, Policy, Recipient, Summary, Verdict
from mailstore.messages import new_public_id
from mailstore.packs import Place
from mailstore.recording import Accepted
from mailstore.retention import expiry_day
from mailstore.routes import Route
from mailstore.settings import Settings
from mailstore.store import Store

OURSELVES = Client(ip="", helo="")
OUTSIDE_DAYS = 7


def towards(db: Session, settings: Settings, address: Address, domain: Domain) -> Recipient:
    """Return how mail of ours gets to an address; `domain` is whose mail it is about.

    To one of our own people it goes like any mail that came in, never to us by DNS.
    """
    if found := mailboxes.resolve(db, address):
        return found
    route = settings.way_out or Route.by_mx(address.domain)
    lane_id = lanes.lane_to(
        db, route, named_by=lanes.OPERATOR if settings.way_out else lanes.NOBODY
    )
    return Recipient(
        address=address,
        tenant_id=domain.tenant_id,
        domain_id=domain.id,
        mailbox_id=None,
        lane_id=lane_id,
        keep_days=OUTSIDE_DAYS,
        held_days=OUTSIDE_DAYS,
        policy=Policy(),
    )


def put_in_pack(
    store: Store, recipient: Recipient, content: bytes, summary: Summary
) -> tuple[Accepted, Place]:
    """Store a report to one of our people durably; it is queued once `queue` has committed."""
    now = clock.now()
    day = expiry_day(now, recipient.keep_days)
    sealed = store.seal(recipient.tenant_id, day, [content])
    (place,) = store.packs.append([sealed.slice])
    verdict = Verdict(recipient, Action.DELIVER, MailClass.REPORT, 0.0, "our own report", ())
    accepted = Accepted(
        public_id=new_public_id(),
        tenant_id=recipient.tenant_id,
        received_at=now,
        client=OURSELVES,
        sender="",
        summary=summary,
        sealed=sealed,
        headers="",
        verdicts=(verdict,),
        direction=Direction.IN if recipient.mailbox_id else Direction.OUT,
    )
    return accepted, place


def queue(db: Session, accepted: Accepted, place: Place) -> None:
    """Queue what lies in a pack, in the caller's transaction."""
    recording.record(db, [(accepted, place)])


def is_ours(delivery: Delivery) -> bool:
    """Whether Mailhafen itself wrote a mail; nobody else's is without client, sender and writer."""
    message = delivery.message
    others = message.client_ip or message.sender or message.writer_id
    return delivery.mail_class is MailClass.REPORT and not others


def summary_of(author: Address, name: str, subject: str) -> Summary:
    """Return what lists show of a mail of ours."""
    return Summary(author=author, author_name=name, subject=subject)
