import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import update

from mailstore import imap
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.sending.bringing import bring_home
from mailstore.sending.homecomings import Homecoming, HomeState
from mailstore.store import Store
from tests.authority import Authority
from tests.daemons import HERE
from tests.databases import on_sqlite
from tests.mailstore.scripted import CLOSE, DONE, SILENT, TRICKLE, Scripted
from tests.mailstore.sending.written import home_of, send

pytest_plugins = ["tests.peers"]
pytestmark = on_sqlite

SOON = 0.3
GOES_ON = {"APPEND": "+ go on", "LIST": f'* LIST (\\Sent) "/" Sent\r\n{DONE}'}
Start = Callable[[dict[str, str]], Scripted]


@pytest.fixture
def start(
    store: Store, anna: Mailbox, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Start]:
    """Return what starts the server of Anna's domain, which has a master login."""
    for name in ("CONNECT_SECONDS", "READ_SECONDS", "SIGN_IN_SECONDS", "APPEND_SECONDS"):
        monkeypatch.setattr(imap, name, SOON)
    store.settings = store.settings.model_copy(update={"tls_authorities": authority.file})
    with ExitStack() as running:

        def begin(replies: dict[str, str]) -> Scripted:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority.issue(HERE))
            server = running.enter_context(Scripted(context, GOES_ON | replies))
            secret = store.ring.wrap(b"hunter-2026")
            with store.write() as db:
                its = {"imap_server": f"{HERE}:{server.port}", "imap_master": "keeper"}
                db.execute(update(Domain).values(imap_secret=secret, **its))
            return server

        yield begin


def tried(store: Store, mailbox: Mailbox) -> Homecoming:
    message = send(store, mailbox)
    bring_home(store, mailbox.id)
    return home_of(store, message)


def test_what_is_there_already_is_not_put_there_again(
    store: Store, anna: Mailbox, start: Start
) -> None:
    server = start({"UID": f"* SEARCH 7\r\n{DONE}"})
    row = tried(store, anna)
    assert row.error == ""
    assert row.state is HomeState.DONE
    assert not any("APPEND" in line for line in server.heard)


@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        ("AUTHENTICATE", "{tag} NO go away"),
        ("LIST", SILENT),
        ("LIST", f"* LIST nonsense\r\n{DONE}"),
        ("LIST", f'* LIST (\\Sent) "/" {{99}}\r\n{DONE}'),
        ("LIST", TRICKLE),
        ("SELECT", "{tag} NO not yours"),
        ("UID", CLOSE),
        ("UID", "{tag} BAD what"),
        ("APPEND", "{tag} NO [OVERQUOTA] full"),
        ("APPEND", CLOSE),
        ("APPEND", SILENT),
    ],
)
def test_whatever_a_server_does_it_waits_and_says_why(
    store: Store, anna: Mailbox, start: Start, verb: str, reply: str
) -> None:
    start({verb: reply})
    row = tried(store, anna)
    assert (row.state, row.attempts, row.lease_until) == (HomeState.WAITING, 1, None)
    assert row.error
    assert row.due_at > row.sent_at


def test_a_mail_that_is_refused_does_not_stop_the_next(
    store: Store, anna: Mailbox, start: Start
) -> None:
    server = start({"APPEND": "{tag} NO [TOOBIG] no"})
    for number in (1, 2):
        send(store, anna, number=number)
    bring_home(store, anna.id)
    assert sum("APPEND" in line for line in server.heard) == 2
    assert server.connections == 1
