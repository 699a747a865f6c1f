import base64
import logging
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from mailstore import restoring
from mailstore.deliveries import Delivery
from mailstore.restores import Restore, RestoreState
from mailstore.store import Store
from tests.authority import Authority
from tests.databases import on_sqlite
from tests.dovecot import MASTER, MASTER_PASSWORD, PASSWORD, Dovecot
from tests.filter.rows import damage
from tests.mailstore.restorable import OURS, Restorable, dies, raw, until

pytest_plugins = ["tests.peers"]
pytestmark = on_sqlite

DONE, RUNNING, STOPPED = RestoreState.DONE, RestoreState.RUNNING, RestoreState.STOPPED
MANY = 60


@pytest.fixture
def anna(store: Store, dovecot: Dovecot, authority: Authority) -> Restorable:
    return Restorable(store, dovecot, authority)


@pytest.fixture
def three(anna: Restorable) -> list[Delivery]:
    return anna.copies(3)


@pytest.fixture
def down(dovecot: Dovecot) -> Iterator[Dovecot]:
    """Return the server, which answers again after the test."""
    dovecot.stop()
    yield dovecot
    dovecot.start()


def test_a_restore_goes_on_where_a_worker_died(anna: Restorable, three: list[Delivery]) -> None:
    anna.trust_master()
    begun = anna.begin(three)
    anna.leave(begun)
    assert dies(anna.store, "restore", begun, 2) == -signal.SIGKILL
    assert (anna.row(begun).state, anna.row(begun).done, len(anna.kept())) == (RUNNING, 1, 2)
    anna.leave(begun)
    assert anna.left() == [begun]
    restoring.restore(anna.store, begun)
    assert (anna.row(begun).state, anna.row(begun).done, anna.left()) == (DONE, 3, [])
    assert [each.content for each in anna.kept()] == [OURS + raw(number) for number in range(3)]


def test_a_restore_whose_password_is_gone_ends_and_says_so(
    anna: Restorable, three: list[Delivery]
) -> None:
    begun = anna.begin(three)
    anna.leave(begun)
    restoring.restore(anna.store, begun)
    assert (anna.row(begun).state, anna.row(begun).error) == (STOPPED, "It was interrupted.")


def test_a_server_that_dies_in_the_middle_gets_each_mail_once_when_it_is_back(
    anna: Restorable, dovecot: Dovecot
) -> None:
    wanted = anna.copies(MANY)
    begun = anna.begin(wanted)
    restoring.start(anna.store, begun, anna.login)
    until(lambda: anna.row(begun).done >= 3)
    dovecot.die()
    until(lambda: anna.row(begun).state is not RUNNING)
    dovecot.start()
    cut = anna.row(begun)
    assert (cut.state, cut.done + len(cut.waiting)) == (STOPPED, MANY)
    assert cut.error
    assert anna.restored(wanted).state is DONE
    contents = [each.content for each in anna.kept()]
    assert sorted(contents) == sorted(OURS + raw(number) for number in range(MANY))


def test_a_server_that_is_down_stops_it_with_a_reason_and_loses_nothing(
    anna: Restorable, three: list[Delivery], down: Dovecot
) -> None:
    stopped = anna.restored(three)
    assert (stopped.state, stopped.done) == (STOPPED, 0)
    assert stopped.waiting == [each.id for each in three]
    assert "refused" in stopped.error


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"imap_server": ""}, "names no IMAP server"),
        ({"imap_trusted": False}, "not allowed"),
        ({"imap_server": "127.0.0.1:1"}, "refused"),
        ({"imap_server": "nobody.invalid:993"}, "does not answer"),
    ],
    ids=["no server", "inside", "nobody there", "no such host"],
)
def test_a_place_that_cannot_be_reached_stops_it_with_a_reason(
    anna: Restorable, three: list[Delivery], values: dict[str, object], why: str
) -> None:
    anna.change(**values)
    stopped = anna.restored(three)
    assert (stopped.state, stopped.done) == (STOPPED, 0)
    assert why in stopped.error


def test_a_server_that_a_tenant_named_may_lie_in_a_network_that_is_let_in(
    anna: Restorable, three: list[Delivery]
) -> None:
    anna.change(imap_trusted=False)
    settings = anna.store.settings
    anna.store.settings = settings.model_copy(update={"inside_networks": "127.0.0.0/8"})
    assert anna.restored(three).state is DONE


def test_a_folder_that_cannot_be_named_stops_it_before_anything_is_said(
    anna: Restorable, three: list[Delivery]
) -> None:
    stopped = anna.restored(three, "new\r\nA1 DELETE INBOX")
    assert (stopped.state, stopped.done) == (STOPPED, 0)
    assert "characters" in stopped.error


@pytest.mark.parametrize("missing", [True, False], ids=["missing", "damaged"])
def test_a_mail_that_cannot_be_read_stops_it_with_a_reason(
    anna: Restorable, three: list[Delivery], missing: bool
) -> None:
    damage(anna.store, three[2], missing=missing)
    stopped = anna.restored(three)
    assert stopped.state is STOPPED
    assert "cannot be read" in stopped.error


@pytest.mark.parametrize("wrong", [False, True], ids=["right", "wrong"])
@pytest.mark.parametrize("by_master", [False, True], ids=["by the person", "by the master"])
def test_a_password_lies_in_no_row_no_file_and_no_log(
    anna: Restorable, three: list[Delivery], caplog: pytest.LogCaptureFixture,
    by_master: bool, wrong: bool,
) -> None:  # fmt: skip
    secret = "geheim-2026" if wrong else (MASTER_PASSWORD if by_master else PASSWORD)
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        done = the_outcome(anna, three, secret, by_master=by_master)
    assert done.state is (STOPPED if wrong else DONE)
    found = [
        each.read_bytes() for each in anna.store.settings.data_dir.rglob("*") if each.is_file()
    ]
    found += [caplog.text.encode(), str(logs).encode()]
    name = f"{anna.login.name}\0{MASTER}" if by_master else f"\0{anna.login.name}"
    said = f"{name}\0{secret}".encode()
    for text in (secret.encode(), base64.b64encode(said)):
        assert not any(text in each for each in found)


def the_outcome(
    anna: Restorable, wanted: list[Delivery], secret: str, *, by_master: bool
) -> Restore:
    begun = anna.begin(wanted)
    if by_master:
        anna.trust_master(secret)
        anna.leave(begun)
        restoring.restore(anna.store, begun)
    else:
        restoring.run(anna.store, begun, replace(anna.login, password=secret))
    return anna.row(begun)
