"""The outbox: mail that Mailhafen itself writes, queued like any other."""

from sqlalchemy.orm import Session

from mailstore import clock, recording
from mailstore.addresses import Address
from mailstore.envelopes import Action, Client, MailClass, Recipient, Summary, Verdict
from mailstore.messages import new_public_id
from mailstore.packs import Place
from mailstore.recording import Accepted
from mailstore.retention import expiry_day
from mailstore.store import Store

OURSELVES = Client(ip="", helo="")


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
    )
    return accepted, place


def queue(db: Session, accepted: Accepted, place: Place) -> None:
    """Queue what lies in a pack, in the caller's transaction."""
    recording.record(db, [(accepted, place)])


def summary_of(author: Address, name: str, subject: str) -> Summary:
    """Return what lists show of a mail of ours."""
    return Summary(author=author, author_name=name, subject=subject)
