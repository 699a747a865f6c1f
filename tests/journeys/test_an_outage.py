"""The customer's server is down: mail is taken, shown, and delivered once when it is back."""

import smtplib
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from bench.installation import USER, Installation
from mailstore import folders
from mailstore.folders import Folder
from mailstore.lanes import Lane
from mailstore.pages import Page
from mailstore.scope import Scope
from mailstore.store import Store

MAIL = b"From: a@sender.example\r\nTo: user@rcpt.example\r\nSubject: Offerte\r\n\r\nGuten Tag\r\n"


@pytest.fixture(name="it")
def _installation(database_url: str) -> Iterator[Installation]:
    with Installation(("relay", "worker"), database_url=database_url) as it:
        yield it


def test_mail_waits_is_shown_within_two_seconds_and_comes_once_after_the_outage(
    it: Installation,
) -> None:
    it.sink.down()
    send(it)
    begun = time.monotonic()
    store = it.store()
    with store.read() as db:
        (waiting,) = folders.listed(db, Scope(None), Folder.INBOX, Page())
        assert waiting.state == "queued"
    assert time.monotonic() - begun < 2
    wait_for_down(store)

    it.sink.up()

    assert it.sink.wait(1, 15)
    time.sleep(1.5)
    assert [taken.recipient for taken in it.sink.taken] == [USER]
    with store.read() as db:
        (delivered,) = folders.listed(db, Scope(None), Folder.INBOX, Page())
        assert delivered.state == "delivered"
    store.close()


def send(it: Installation) -> None:
    with smtplib.SMTP("127.0.0.1", it.smtp) as server:
        server.sendmail("a@sender.example", [USER], MAIL)


def wait_for_down(store: Store) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with store.read() as db:
            if db.scalar(select(Lane.down_since)) is not None:
                return
        time.sleep(0.1)
    raise TimeoutError
