import time

import pytest
from sqlalchemy import delete, update

from filter import directory, reply
from filter.directory import Directory, Memory
from filter.findings import Findings
from mailstore import senders
from mailstore.addresses import Address
from mailstore.envelopes import Recipient, Summary
from mailstore.mailboxes import Mailbox, MailboxAddress
from mailstore.senders import Listed, Owner, SenderEntry, Wish
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import ANNA, BEAT, BOB, RAW, a_domain, a_mailbox
from tests.filter.background import Background
from tests.filter.conftest import MakeRelay

FRESH = 0.4
ANNA_AT, BEAT_AT = Address.parse(ANNA), Address.parse(BEAT)


class Questions:
    """Asks a directory from outside of its loop."""

    def __init__(self, background: Background, store: Store) -> None:
        self._background, self._directory = background, Directory(store)

    def knows(self, address: Address) -> Recipient | str:
        return self._background.run(self._directory.knows(address))

    def known(self, address: Address = ANNA_AT) -> Recipient:
        found = self.knows(address)
        assert isinstance(found, Recipient)
        return found

    def allows(self, recipient: Recipient, author: Address | None = BOB) -> bool:
        findings = Findings((), Summary(author=author), proofs=frozenset({"dmarc"}))
        (listed,) = self._background.run(self._directory.listed([recipient], findings))
        return BOB.key in listed.policy.allowed


@pytest.fixture
def ask(background: Background, store: Store, monkeypatch: pytest.MonkeyPatch) -> Questions:
    """Return what asks about Anna, whose memory is short."""
    monkeypatch.setattr(directory, "FRESH_SECONDS", FRESH)
    with store.write() as db:
        a_mailbox(db, ANNA)
    return Questions(background, store)


def allow(store: Store, recipient: Recipient) -> None:
    put(store, Owner(recipient.tenant_id, mailbox_id=recipient.mailbox_id))


def put(store: Store, owner: Owner) -> None:
    with store.write() as db:
        senders.enter(db, owner, Wish(Listed.ALLOWED, BOB.key), by="test")


def test_a_new_address_works_at_once(ask: Questions, store: Store) -> None:
    assert ask.knows(BEAT_AT) == reply.UNKNOWN_MAILBOX
    with store.write() as db:
        a_mailbox(db, BEAT)
    assert ask.known(BEAT_AT).address == BEAT_AT


def test_a_new_domain_works_at_once(ask: Questions, store: Store) -> None:
    carla = Address.parse("carla@hafenbau.example")
    assert ask.knows(carla) == reply.NOT_OURS
    with store.write() as db:
        a_domain(db, carla.domain)
    assert ask.knows(carla) == reply.UNKNOWN_MAILBOX


def test_an_address_that_is_known_is_not_looked_up_again(ask: Questions, store: Store) -> None:
    first = ask.known()
    with store.write() as db:
        db.execute(delete(MailboxAddress))
    assert ask.known() is first


def test_an_address_that_is_taken_away_is_gone_soon(ask: Questions, store: Store) -> None:
    ask.known()
    with store.write() as db:
        db.execute(delete(MailboxAddress))
    time.sleep(FRESH)
    assert ask.knows(ANNA_AT) == reply.UNKNOWN_MAILBOX


def test_what_changes_for_a_recipient_holds_soon(ask: Questions, store: Store) -> None:
    assert ask.known().keep_days != 77
    with store.write() as db:
        db.execute(update(Tenant).values(keep_days=77))
    time.sleep(FRESH)
    assert ask.known().keep_days == 77


def test_an_entry_of_a_list_holds_soon(ask: Questions, store: Store) -> None:
    anna = ask.known()
    assert not ask.allows(anna)
    allow(store, anna)
    time.sleep(FRESH)
    assert ask.allows(anna)


def test_an_entry_of_a_list_holds_at_once_where_there_are_others(
    ask: Questions, store: Store
) -> None:
    with store.write() as db:
        beat = a_mailbox(db, BEAT)
    put(store, Owner(beat.tenant_id, mailbox_id=beat.id))
    anna = ask.known()
    assert not ask.allows(anna)
    allow(store, anna)
    assert ask.allows(anna)


def test_an_entry_that_is_removed_holds_no_longer(ask: Questions, store: Store) -> None:
    anna = ask.known()
    allow(store, anna)
    assert ask.allows(anna)
    with store.write() as db:
        db.execute(delete(SenderEntry))
    assert not ask.allows(anna)


def test_a_mail_without_an_author_is_on_no_list(ask: Questions, store: Store) -> None:
    anna = ask.known()
    allow(store, anna)
    assert not ask.allows(anna, None)


def test_lists_of_another_tenant_do_not_count(ask: Questions, store: Store) -> None:
    with store.write() as db:
        a_mailbox(db, "carla@hafenbau.example")
    allow(store, ask.known(Address.parse("carla@hafenbau.example")))
    assert not ask.allows(ask.known())


def test_a_memory_forgets_and_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "FRESH_SECONDS", 0.1)
    monkeypatch.setattr(directory, "MOST_REMEMBERED", 100)
    memory: Memory[int, str] = Memory()
    for number in range(1000):
        assert memory.put(number, "x") == "x"
        assert memory.get(number) == "x"
        assert len(memory._values) <= 100
    time.sleep(0.1)
    assert memory.get(999) is None


def test_many_unknown_addresses_leave_nothing_in_memory(ask: Questions) -> None:
    for number in range(200):
        assert ask.knows(Address(f"x{number}", "muster.example")) == reply.UNKNOWN_MAILBOX
    assert len(ask._directory._recipients._values) == 0


def test_a_mailbox_that_goes_within_a_mail_takes_none(a_relay: MakeRelay) -> None:
    relay = a_relay()
    with relay.talk() as talk:
        talk.begin(ANNA)
        with relay.store.write() as db:
            db.execute(delete(MailboxAddress).where(MailboxAddress.key == ANNA))
            db.execute(delete(Mailbox).where(Mailbox.address == ANNA))
        talk.send(RAW + b".\r\n")
        assert talk.hear() == reply.TRY_LATER
        assert talk.mail(RAW, BEAT).startswith("250")
    assert [each.recipient for each in relay.deliveries()] == [BEAT]
