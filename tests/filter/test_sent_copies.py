from sqlalchemy import select

from filter.delivery import drain
from mailstore.mailboxes import Mailbox
from mailstore.sending import sentcopies
from mailstore.sending.bringing import bring_home
from mailstore.store import Store
from tests.factories import ANNA
from tests.filter.sink import Sink, unstuffed
from tests.mailstore.sending.written import BLIND, answer, send


def test_a_copy_for_its_writer_says_so_and_nobody_can_answer_it(hop: Sink, store: Store) -> None:
    with store.read() as db:
        anna = db.scalars(select(Mailbox).where(Mailbox.address == ANNA)).one()
    message = send(store, anna)
    bring_home(store, anna.id)
    with store.read() as db:
        copy = sentcopies.of(db, message.id)
    assert copy is not None
    drain(store, copy.lane_id)
    (wire,) = hop.mails
    ours = f"X-Mailhafen-Sent-Copy: yes\r\nX-Mailhafen-Id: {message.public_id}\r\nBcc: {BLIND}\r\n"
    tagged = answer(anna).replace(b"Subject: ", b"Subject: [Gesendet] ")
    assert unstuffed(wire) == ours.encode() + tagged
    assert hop.commands[1:3] == ["MAIL FROM:<> BODY=8BITMIME", f"RCPT TO:<{ANNA}>"]
