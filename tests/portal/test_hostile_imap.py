import ssl
import time
import tracemalloc
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mailstore import imap, ownserver
from mailstore.accounts import Account
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.authority import Authority
from tests.daemons import HERE
from tests.mailstore.scripted import CLOSE, DONE, FLOOD, GREETING, SILENT, TRICKLE, Scripted
from tests.portal.browsing import sign_in
from tests.portal.signing import WRONG, is_in, sessions_of

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

pytest_plugins = ["tests.peers"]

LONGEST_SECONDS, MOST_BYTES = 10.0, 10 * 2**20
HOSTILE = {
    "endless banner": {GREETING: TRICKLE},
    "silent banner": {GREETING: SILENT},
    "lets anybody in": {GREETING: "* PREAUTH welcome"},
    "bye": {GREETING: "* BYE"},
    "endless line": {GREETING: f"{FLOOD}x"},
    "huge literal": {GREETING: "* OK {999999999}"},
    "huge literal that comes": {"RESPONSE": FLOOD + "* OK {999999999}\r\n"},
    "flood in the clear": {"CAPABILITY": FLOOD + "* 1 EXISTS\r\n"},
    "flood after the password": {"RESPONSE": FLOOD + "* 1 EXISTS\r\n"},
    "flood at the end": {"RESPONSE": "{tag} NO", "LOGOUT": FLOOD + "* X\r\n"},
    "no STARTTLS": {"CAPABILITY": f"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{DONE}"},
    "STARTTLS refused": {"STARTTLS": "{tag} NO"},
    "glued behind STARTTLS": {"STARTTLS": f"{DONE}\r\n* PREAUTH x", "RESPONSE": "{tag} NO"},
    "silent at the name": {"AUTHENTICATE": SILENT},
    "another's tag": {"RESPONSE": "A0 OK done"},
    "no tag": {"RESPONSE": "* OK done"},
    "yes before the password": {"AUTHENTICATE": "A0 OK done\r\n+ ", "RESPONSE": "{tag} NO"},
    "trickles after the password": {"RESPONSE": TRICKLE},
    "hangs up": {"RESPONSE": CLOSE},
    "no": {"RESPONSE": "{tag} NO"},
    "bad": {"RESPONSE": "{tag} BAD"},
}


Scene = Callable[[dict[str, str]], tuple[Scripted, float]]


@pytest.fixture
def scene(
    app: Flask,
    client: FlaskClient,
    store: Store,
    anna: Mailbox,
    user: Account,
    authority: Authority,
) -> Scene:
    """Return what signs in beside a mail server, and says how long that took: nobody gets in."""
    ownserver._resting.clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue(HERE))
    trusting = app.extensions["settings"].model_copy(update={"tls_authorities": authority.file})
    app.extensions["settings"] = trusting

    def play(replies: dict[str, str]) -> tuple[Scripted, float]:
        with Scripted(context, replies) as server:
            with store.write() as db:
                domain = db.get_one(Domain, anna.domain_id)
                domain.imap_server, domain.imap_sign_in = f"{HERE}:{server.port}", True
            tracemalloc.start()
            begun = time.monotonic()
            assert sign_in(client, user.email, WRONG).status_code == 422
            taken = time.monotonic() - begun
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert most < MOST_BYTES
        assert not is_in(client)
        assert sessions_of(store, user) == []
        return server, taken

    return play


@pytest.mark.parametrize("replies", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_mail_server_lets_nobody_in(
    scene: Scene, replies: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "SIGN_IN_SECONDS", 0.5)
    server, taken = scene(replies)
    assert server.connections == 1
    assert taken < LONGEST_SECONDS


def test_a_mail_server_that_never_ends_is_left_in_ten_seconds(scene: Scene) -> None:
    _, taken = scene({"RESPONSE": TRICKLE, "LOGOUT": TRICKLE})
    assert taken < LONGEST_SECONDS
