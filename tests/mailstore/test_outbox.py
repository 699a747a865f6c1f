from mailstore import folders, outbox
from mailstore.deliveries import State
from mailstore.envelopes import MailClass
from mailstore.folders import Folder
from mailstore.mailboxes import Mailbox
from mailstore.pages import Page
from mailstore.scope import Scope
from mailstore.store import Store
from tests.factories import ANNA, BOB, RAW, RecordedJobs, deliveries_of, the_recipient


def test_a_mail_of_ours_is_queued_with_its_bytes_stored_before(
    store: Store, anna: Mailbox, jobs: RecordedJobs
) -> None:
    with store.read() as db:
        recipient = the_recipient(db)
    summary = outbox.summary_of(BOB, "Mailhafen", "Quarantine")
    stored = outbox.put_in_pack(store, recipient, RAW, summary)
    assert jobs.asked == []
    with store.write() as db:
        outbox.queue(db, stored)
        (delivery,) = deliveries_of(db, stored[0])
    assert jobs.asked == [("drain", recipient.lane_id)]
    assert (delivery.state, delivery.mail_class) == (State.QUEUED, MailClass.REPORT)
    assert (delivery.recipient, delivery.message.sender) == (ANNA, "")
    assert b"".join(store.content(delivery.message)) == RAW


def test_a_mail_that_is_never_queued_leaves_no_row(store: Store, anna: Mailbox) -> None:
    with store.read() as db:
        recipient = the_recipient(db)
    outbox.put_in_pack(store, recipient, RAW, outbox.summary_of(BOB, "", ""))
    with store.read() as db:
        assert folders.listed(db, Scope(anna.tenant_id), Folder.INBOX, Page()) == []
