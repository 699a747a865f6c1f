"""What administrators choose of reports: when they come and with what, to whom, and for whom."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from mailstore import events, mailboxes, policyvalues
from mailstore.addresses import Address
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox, MailboxAccess, Right

# The words of commands and forms, and what a policy calls them.
NAMES = {
    "at": "report_at",
    "on": "report_on",
    "reports": "report",
    "choice": "report_choice",
    "empty": "report_empty",
    "newsletters": "report_tagged",
    "refused": "report_refused",
    "fold": "report_folds_at",
    "notice": "notice",
}


def as_policy(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return wishes as a policy keeps them; raises BadName for a time or day that is none."""
    return policyvalues.taken({NAMES[name]: each for name, each in wanted.items()})


def send_to(db: Session, mailbox_id: int, address: Address | None, *, by: str) -> None:
    """Send a mailbox's reports to another address of its tenant, None: to itself; or BadName.

    Their links open the mailbox's mail, and their code too: so never to the outside.
    """
    mailbox = mailboxes.alone(db, mailbox_id)
    if address is not None:
        found = mailboxes.resolve(db, address)
        if found is None or found.tenant_id != mailbox.tenant_id:
            raise BadName(f"'{address}' is no address of this tenant.")
    mailbox.report_to = str(address) if address else ""
    db.flush()
    detail = {"to": mailbox.report_to}
    ids = {"tenant_id": mailbox.tenant_id, "mailbox_id": mailbox.id}
    events.record(db, "report_recipient_set", by=by, detail=detail, **ids)


def share(db: Session, mailbox_id: int, account_id: int, *, on: bool, by: str) -> bool:
    """Put what is held for a mailbox into a delegate's report, or not; False if it is none."""
    access = update(MailboxAccess).where(
        MailboxAccess.mailbox_id == mailbox_id,
        MailboxAccess.account_id == account_id,
        MailboxAccess.right == Right.DELEGATE,
    )
    done = db.scalar(access.values(reports=on).returning(MailboxAccess.mailbox_id))
    if done is None:
        return False
    tenant_id = db.get_one(Mailbox, mailbox_id).tenant_id
    detail = {"account": account_id, "on": on}
    ids = {"tenant_id": tenant_id, "mailbox_id": mailbox_id}
    events.record(db, "report_shared", by=by, detail=detail, **ids)
    return True
