import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from time_machine import Traveller

from filter.sweep import sweep
from mailstore import welcomes
from mailstore.accounts import Account
from mailstore.deliveries import Delivery
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.store import Store
from portal.welcomes import LIFE, write_welcomes
from tests.factories import RecordedJobs, an_account
from tests.portal.browsing import post
from tests.portal.noticed import parts, read
from tests.portal.signing import alter

NEW = "three wet umbrellas"


@pytest.fixture
def new(store: Store, anna: Mailbox) -> Account:
    """Return Anna's account, which nobody gave a password."""
    with store.write() as db:
        return an_account(db, anna)


def ask(store: Store, account: Account) -> int:
    with store.write() as db:
        assert account.tenant_id
        return welcomes.ask(db, account.tenant_id, [account.id], by="beat")


def queued(store: Store) -> list[Delivery]:
    with store.read() as db:
        return list(db.scalars(select(Delivery)))


def the_texts(store: Store) -> tuple[str, str]:
    """Return text and HTML of the one mail that is queued."""
    with store.read() as db:
        (message,) = db.scalars(select(Message))
    return parts(read(b"".join(store.content(message))))


def test_a_welcome_comes_once_with_a_link_that_sets_a_password(
    client: FlaskClient, store: Store, new: Account, jobs: RecordedJobs
) -> None:
    assert ask(store, new) == 1
    sweep(store, jobs)
    assert (welcomes.JOB,) in jobs.asked
    for _ in range(2):
        write_welcomes(store)
        ask(store, new)
    text = the_texts(store)[0]
    assert new.email in text
    found = re.search(r"/password/new/\S+", text)
    assert found
    assert post(client, found[0], password=NEW, once_more=NEW).status_code == 303
    assert client.get(found[0]).status_code == 410


def test_the_link_of_a_welcome_ends_after_a_week(
    client: FlaskClient, store: Store, new: Account, clock: Traveller
) -> None:
    ask(store, new)
    write_welcomes(store)
    found = re.search(r"/password/new/\S+", the_texts(store)[0])
    assert found
    clock.shift(LIFE - timedelta(minutes=1))
    assert client.get(found[0]).status_code == 200
    clock.shift(timedelta(minutes=2))
    assert client.get(found[0]).status_code == 410


@pytest.mark.parametrize("how", ["password", "own server"])
def test_no_link_goes_to_who_can_sign_in_already(
    store: Store, new: Account, anna: Mailbox, how: str
) -> None:
    if how == "password":
        alter(store, new, password_hash="some")  # noqa: S106 (it is none)
    with store.write() as db:
        db.get_one(Domain, anna.domain_id).imap_sign_in = how == "own server"
    ask(store, new)
    write_welcomes(store)
    assert "/password/new/" not in "".join(the_texts(store))


def test_the_webmail_shows_no_welcome(store: Store, new: Account) -> None:
    ask(store, new)
    write_welcomes(store)
    assert [each.mailbox_id for each in queued(store)] == [None]


def test_who_was_switched_off_meanwhile_gets_none_and_may_be_asked_later(
    store: Store, new: Account
) -> None:
    ask(store, new)
    alter(store, new, active=False)
    write_welcomes(store)
    assert queued(store) == []
    alter(store, new, active=True)
    assert ask(store, new) == 1


def test_what_looks_like_a_template_in_a_name_stays_as_it_is(store: Store, new: Account) -> None:
    alter(store, new, name="{{7*7}} {% x %} %(email)s {0}")
    ask(store, new)
    write_welcomes(store)
    for part in the_texts(store):
        assert "{{7*7}} {% x %} %(email)s {0}" in part
