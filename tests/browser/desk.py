"""What the pages of administrators lead to, and mail that never got as far as a page of mails."""

from mailstore import accounts, clock, refusals
from mailstore.mailboxes import Mailbox
from mailstore.refusals import Refused
from mailstore.store import Store
from tests.mailstore.curation.lists import an_upload


def of_office(store: Store, email: str) -> dict[str, object]:
    """Return the values of routes that lead to something of an administrator's own."""
    with store.read() as db:
        account = accounts.named(db, email)
    return {"upload_id": an_upload(store, account)}


def refused(store: Store, anna: Mailbox) -> None:
    """Refuse mail to a mailbox, for each kind of reason."""
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
