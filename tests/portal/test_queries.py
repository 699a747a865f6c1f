from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mailstore import accounts, quarantine
from mailstore.accounts import Account
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox, Right
from mailstore.pages import SIZE
from mailstore.rights import of_classes
from mailstore.scope import Scope
from mailstore.store import Store
from tests.databases import asked
from tests.factories import NOON, an_accepted
from tests.portal.browsing import Own, listed, methods_of, path_to, rules_of

MOST = 12
LISTS = ("/quarantine/", "/quarantine/?q=plan&sort=author", "/quarantine/?show=over", "/webmail/")


@pytest.fixture
def busy(store: Store, user: Account, anna: Mailbox, beat: Mailbox) -> None:
    """Fill two mailboxes of Anna's with more than a page, and let her have done something."""
    with store.write() as db:
        accounts.grant(db, user.id, beat.id, Right.DELEGATE)
    for number in range(SIZE // 2 + 2):
        for mailbox in (anna, beat):
            mail_class = MailClass.PHISH if number % 2 else MailClass.SPAM
            at = NOON + timedelta(minutes=number)
            an_accepted(store, mailbox, held=True, mail_class=mail_class, at=at)
            last = an_accepted(store, mailbox, held=True, at=at)
            an_accepted(store, mailbox, at=at)
    every = of_classes(MailClass)
    with store.write() as db:
        quarantine.release(db, Scope(None), last.id, by=user.email, may=every)
        quarantine.delete(db, Scope(None), last.id - 4, by=user.email)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("who", ["browser", "office", "client"])
def test_no_page_asks_the_database_more_than_a_dozen_times(
    request: pytest.FixtureRequest, app: Flask, store: Store, own: Own, who: str
) -> None:
    visitor: FlaskClient = request.getfixturevalue(who)
    counts = {}
    paths = [
        path_to(app, rule, **{"bulk_id": 1, "listed": "allowed"} | own.values(rule))
        for rule in rules_of(app)
        if "GET" in methods_of(rule)
    ]
    for path in (*paths, *own.links.paths):
        with asked(store) as said:
            visitor.get(path)
        counts[path] = len(said)
    assert {path: count for path, count in counts.items() if count > MOST} == {}


@pytest.mark.usefixtures("clock", "busy")
@pytest.mark.parametrize("path", LISTS)
def test_a_full_list_takes_no_more_questions_than_an_empty_one(
    browser: FlaskClient, store: Store, path: str
) -> None:
    with asked(store) as said:
        answer = browser.get(path)
    assert answer.status_code == 200
    assert len(listed(answer)) == SIZE or "over" in path
    assert len(said) <= MOST, "\n".join(said)
