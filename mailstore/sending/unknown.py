"""Recipients that other servers do not know: whoever writes to many of them has a bought list."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from mailstore.envelopes import MailClass
from mailstore.sending import limits

if TYPE_CHECKING:
    from mailstore.deliveries import Delivery

# RFC 3463 §3.2: no such mailbox, no such system, a bad address, one that moved; RFC 7505 §4.2: a
# domain that takes no mail. The others of 5.1 are about the sender's address.
_UNKNOWN = re.compile(r"5\d\d[ -]5\.1\.(?:1|2|3|6|10)\b")


@dataclass(frozen=True, slots=True)
class _Writer:
    tenant_id: int
    domain_id: int
    mailbox_id: int | None


def says_unknown(reply: str) -> bool:
    """Whether a final reply says that there is no such recipient."""
    return _UNKNOWN.match(reply) is not None


def note(db: Session, refused: Iterable["Delivery"]) -> None:
    """Count recipients that are not known, for whoever wrote to them; wants a writing session.

    Nobody wrote what is our own: a report, a notice, a bounce.
    """
    written = [each for each in refused if not each.message.is_ours]
    counts = Counter(
        _Writer(each.tenant_id, each.domain_id, each.message.writer_id)
        for each in written
        if each.mail_class is not MailClass.REPORT
    )
    # In one order, so that two transactions never wait for each other.
    for writer in sorted(counts, key=lambda each: (each.mailbox_id or 0, each.domain_id)):
        limits.note_unknown(db, writer, counts[writer])
