from dataclasses import replace

import pytest
from click.testing import CliRunner

from mailstore import recording
from mailstore.addresses import Address
from mailstore.cli import quarantine
from mailstore.deliveries import Delivery, Direction, State
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.pages import Page
from mailstore.sending import heldout
from mailstore.store import Store
from tests.factories import (
    BEAT,
    a_mailbox,
    a_verdict,
    accepted_by,
    as_environment,
    deliveries_of,
    the_recipient,
)

DORA, EMIL = "dora@there.example", "emil@there.example"


def held_out(
    store: Store, author: Mailbox, *to: str, mail_class: MailClass = MailClass.SPAM
) -> list[Delivery]:
    """Return the deliveries of a mail of somebody's that is held, for Beat and for strangers."""
    with store.read() as db:
        mine = the_recipient(db, author.address)
        recipients = [
            the_recipient(db, each)
            if each == BEAT
            else replace(mine, address=Address.parse(each), mailbox_id=None)
            for each in to
        ]
    verdicts = [a_verdict(each, held=True, mail_class=mail_class) for each in recipients]
    accepted = replace(accepted_by(store, verdicts), writer_id=author.id)
    (place,) = store.packs.append([accepted.sealed.slice])
    with store.write() as db:
        recording.record(db, [(accepted, place)])
        return list(deliveries_of(db, accepted))


@pytest.fixture
def beat(store: Store, anna: Mailbox) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db, BEAT)


@pytest.mark.usefixtures("beat")
def test_a_mail_is_one_line_however_many_it_is_for(store: Store, anna: Mailbox) -> None:
    mail = held_out(store, anna, DORA, BEAT, EMIL)
    (colleague,) = held_out(store, anna, BEAT)
    with store.read() as db:
        (line, inside) = sorted(
            heldout.listed(db, anna.tenant_id, Page()), key=lambda each: each.delivery.id
        )
        assert (inside.delivery.id, inside.recipients) == (colleague.id, [BEAT])
        assert heldout.listed(db, anna.tenant_id + 1, Page()) == []
    assert (line.delivery.id, list(line.recipients)) == (mail[0].id, [DORA, BEAT, EMIL])


@pytest.mark.usefixtures("beat")
@pytest.mark.parametrize(
    ("deed", "after"),
    [(heldout.release, State.RELEASING), (heldout.delete, State.DELETED)],
    ids=["released", "deleted"],
)
def test_one_decision_is_for_all_and_is_made_once(
    store: Store, anna: Mailbox, deed: object, after: State
) -> None:
    assert callable(deed)
    first, *_ = held_out(store, anna, DORA, BEAT, EMIL)
    for count in (3, 0):
        with store.write() as db:
            assert deed(db, anna.tenant_id, first.id, by="admin") == count
    with store.read() as db:
        assert {each.state for each in db.query(Delivery)} == {after}
        assert heldout.listed(db, anna.tenant_id, Page()) == []


def test_nobody_of_another_tenant_decides(store: Store, anna: Mailbox) -> None:
    (held,) = held_out(store, anna, DORA)
    with store.write() as db:
        assert heldout.release(db, anna.tenant_id + 1, held.id, by="admin") == 0
        assert not heldout.known(db, anna.tenant_id + 1, held.id)
        assert heldout.known(db, anna.tenant_id, held.id)
    assert held.direction is Direction.OUT


def test_an_operator_lists_and_deletes_it(store: Store, anna: Mailbox) -> None:
    (held,) = held_out(store, anna, DORA)

    def run(*args: str) -> str:
        return CliRunner().invoke(quarantine, args, env=as_environment(store.settings)).output

    line = f"{held.id}  spam  bob@there.example  Plans  → {DORA}\n"
    assert run("outgoing", "muster.example") == line
    assert run("delete", str(held.id)) == "It is deleted.\n"
    assert run("delete", str(held.id)) == f"No mail {held.id} is held.\n"
