import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from mailstore import imap, ownserver
from mailstore.accounts import Account, Role
from mailstore.attempts import MOST_FROM_NETWORK
from mailstore.domains import Domain
from mailstore.imap import Server
from mailstore.mailboxes import Mailbox, MailboxKind
from mailstore.ownserver import Person, Reply
from mailstore.store import Store
from tests.authority import Authority
from tests.daemons import HERE
from tests.dovecot import PASSWORD as THERE
from tests.dovecot import Dovecot
from tests.factories import a_mailbox
from tests.portal.browsing import (
    PASSWORD,
    happened,
    in_english,
    know_device,
    said,
    sign_in,
    stock,
)
from tests.portal.signing import FITS_NOT, WRONG, alter, is_in, sessions_of

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

pytest_plugins = ["tests.peers"]

KNOWN = {"known": True}
HINT = "Your mail server cannot be asked now."


@pytest.fixture(autouse=True)
def _awake() -> Iterator[None]:
    """Let no server rest that another test found silent."""
    ownserver._resting.clear()
    yield
    ownserver._resting.clear()


@pytest.fixture
def app(app: Flask, authority: Authority) -> Flask:
    """Return the portal that believes the tests' own authority."""
    settings = app.extensions["settings"].model_copy(update={"tls_authorities": authority.file})
    app.extensions["settings"] = settings
    return app


def switch(store: Store, mailbox: Mailbox, server: str, *, on: bool = True) -> None:
    with store.write() as db:
        domain = db.get_one(Domain, mailbox.domain_id)
        domain.imap_server, domain.imap_sign_in = server, on


@pytest.fixture
def person(store: Store, anna: Mailbox, dovecot: Dovecot) -> Mailbox:
    """Return a mailbox without an account, whose password Dovecot knows."""
    switch(store, anna, f"{HERE}:{dovecot.imap}")
    with store.write() as db:
        return a_mailbox(db, dovecot.person(), name="Pia Meier")


def accounts_at(store: Store, email: str) -> list[Account]:
    with store.read() as db:
        return list(db.scalars(select(Account).where(Account.email == email)))


def test_the_password_of_the_mail_server_makes_an_account_and_signs_in(
    client: FlaskClient, person: Mailbox, store: Store
) -> None:
    assert sign_in(client, person.address.upper(), THERE).status_code == 303
    (account,) = accounts_at(store, person.address)
    assert (account.name, account.role, account.password_hash) == ("Pia Meier", Role.USER, None)
    assert [each.way for each in sessions_of(store, account)] == ["imap"]
    assert "Pia Meier" in client.get("/").text
    assert [event.by for event in happened(store, "account_added")] == ["sign-in"]


def test_the_second_time_it_is_the_same_account(app: Flask, person: Mailbox, store: Store) -> None:
    for _ in range(2):
        assert sign_in(app.test_client(), person.address, THERE).status_code == 303
    assert len(accounts_at(store, person.address)) == 1


def test_the_password_of_the_mail_server_is_kept_nowhere(
    client: FlaskClient, person: Mailbox, store: Store
) -> None:
    sign_in(client, person.address, THERE)
    assert THERE not in repr(stock(store))


def test_the_password_of_the_portal_works_beside_it(
    client: FlaskClient, person: Mailbox, user: Account
) -> None:
    assert sign_in(client, user.email, PASSWORD).status_code == 303


@pytest.mark.parametrize("password", [WRONG, "", "x" * 201, "tab\there", PASSWORD])
def test_what_the_mail_server_does_not_accept_opens_nothing(
    client: FlaskClient, person: Mailbox, store: Store, password: str
) -> None:
    answer = sign_in(in_english(client), person.address, password)
    assert answer.status_code == 422
    assert HINT not in said(answer)
    assert accounts_at(store, person.address) == []


def test_it_is_off_until_somebody_switches_it_on(
    client: FlaskClient, person: Mailbox, store: Store, dovecot: Dovecot
) -> None:
    switch(store, person, f"{HERE}:{dovecot.imap}", on=False)
    assert sign_in(client, person.address, THERE).status_code == 422


def test_whoever_has_no_mailbox_here_does_not_get_in(
    client: FlaskClient, person: Mailbox, dovecot: Dovecot, store: Store
) -> None:
    stranger = dovecot.person()
    assert sign_in(client, stranger, THERE).status_code == 422
    assert accounts_at(store, stranger) == []


@pytest.mark.parametrize(
    "values",
    [{"active": False}, {"kind": MailboxKind.CATCH_ALL}],
    ids=["turned off", "for what nobody gets"],
)
def test_a_mailbox_that_is_nobodys_makes_no_account(
    client: FlaskClient, person: Mailbox, store: Store, values: dict[str, object]
) -> None:
    with store.write() as db:
        for name, value in values.items():
            setattr(db.get_one(Mailbox, person.id), name, value)
    assert sign_in(client, person.address, THERE).status_code == 422


def test_an_alias_is_not_asked_for_its_mailbox(
    client: FlaskClient, store: Store, anna: Mailbox, dovecot: Dovecot
) -> None:
    switch(store, anna, f"{HERE}:{dovecot.imap}")
    alias = dovecot.person()
    with store.write() as db:
        a_mailbox(db, "chef@muster.example", aliases=[alias])
    assert sign_in(client, alias, THERE).status_code == 422


@pytest.mark.parametrize(
    "values", [{"active": False}, {"role": Role.OPERATOR, "tenant_id": None}, ],
    ids=["turned off", "an operator's"],
)  # fmt: skip
def test_the_mail_server_does_not_speak_for_an_account(
    app: Flask, person: Mailbox, store: Store, values: dict[str, object]
) -> None:
    sign_in(app.test_client(), person.address, THERE)
    (account,) = accounts_at(store, person.address)
    alter(store, account, **values)
    browser = app.test_client()
    assert sign_in(browser, person.address, THERE).status_code == 422
    assert not is_in(browser)


@pytest.fixture
def _dead(store: Store, anna: Mailbox) -> None:
    switch(store, anna, "127.0.0.1:9")


@pytest.mark.usefixtures("_dead")
def test_while_the_mail_server_is_down_everybody_is_told_the_same(
    client: FlaskClient, user: Account
) -> None:
    answers = [sign_in(in_english(client), email, WRONG)
               for email in (user.email, "nobody@muster.example")]  # fmt: skip
    assert {each.status_code for each in answers} == {422}
    assert len({said(each) for each in answers}) == 1
    assert HINT in said(answers[0])
    assert FITS_NOT in said(answers[0])


@pytest.mark.usefixtures("_dead")
def test_while_the_mail_server_is_down_the_portal_lets_people_in(
    client: FlaskClient, user: Account
) -> None:
    assert sign_in(client, user.email, PASSWORD).status_code == 303


def test_a_server_that_cannot_be_reached_is_left_alone_for_a_moment(
    client: FlaskClient, store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch(store, anna, "127.0.0.1:9")
    sign_in(client, "one@muster.example", WRONG)
    asked: list[object] = []
    monkeypatch.setattr(imap, "_reached", lambda *args: asked.append(args))
    begun = time.monotonic()
    assert HINT in said(sign_in(in_english(client), "two@muster.example", WRONG))
    assert asked == []
    assert time.monotonic() - begun < 2


@pytest.fixture
def asked(store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return whom a mail server is asked about that accepts nobody."""
    names: list[str] = []

    def refuse(person: ownserver.Person, _password: str) -> ownserver.Reply:
        names.append(person.name)
        return ownserver.Reply.NO

    switch(store, anna, "127.0.0.1:9")
    monkeypatch.setattr(ownserver, "_asked", refuse)
    return names


@pytest.mark.parametrize(("known", "most"), [(False, 3), (True, 5)], ids=["stranger", "known"])
@pytest.mark.usefixtures("user")
def test_only_so_many_tries_in_a_minute_reach_the_mail_server(
    client: FlaskClient, store: Store, anna: Mailbox, asked: list[str], known: bool, most: int
) -> None:
    if known:
        know_device(client, store, anna)
    answers = [said(sign_in(in_english(client), anna.address, WRONG)) for _ in range(6)]
    assert asked == [anna.address] * most
    assert [HINT in each for each in answers] == [False] * most + [True] * (6 - most)


def test_an_office_whose_mail_server_is_silent_is_not_locked_out_by_it(
    app: Flask, store: Store, anna: Mailbox, user: Account
) -> None:
    switch(store, anna, f"{HERE}:1")
    for number in range(MOST_FROM_NETWORK + 1):
        answer = sign_in(app.test_client(), f"colleague{number}@muster.example", WRONG)
        assert answer.status_code == 422
    assert sign_in(app.test_client(), user.email, PASSWORD).status_code == 303


def test_a_slow_server_leaves_room_for_another(
    store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, over = threading.Event(), threading.Event()

    def ask(person: Person, _password: str) -> Reply:
        if person.server == slow:
            begun.set()
            over.wait(10)
        return Reply.YES

    slow, quick = Server("slow.example", 993), Server("quick.example", 993)
    monkeypatch.setattr(ownserver, "_asked", ask)
    people = [Person(each, "x", f"x@{each.host}", anna.tenant_id, None) for each in (slow, quick)]
    first = threading.Thread(target=ownserver.says, args=(store, people[0], WRONG), kwargs=KNOWN)
    first.start()
    begun.wait(10)
    assert ownserver.says(store, people[1], WRONG, known=True) is Reply.YES
    over.set()
    first.join()


def test_two_first_sign_ins_at_once_make_one_account(
    app: Flask, person: Mailbox, store: Store
) -> None:
    answers: list[int] = []

    def enter() -> None:
        answers.append(sign_in(app.test_client(), person.address, THERE).status_code)

    threads = [threading.Thread(target=enter) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert answers == [303, 303]
    with store.read() as db:
        assert len(db.scalars(select(Account)).all()) == 1
