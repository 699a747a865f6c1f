import base64
import logging
import ssl
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from mailstore import clock, imap
from mailstore.imap import Login, NoImap, Server, SignInRefused
from tests.authority import Authority
from tests.daemons import HERE
from tests.factories import ANNA, NOON, RAW
from tests.mailstore.scripted import CLOSE, DONE, GREETING, SILENT, TRICKLE, Scripted

pytest_plugins = ["tests.peers"]

SECRET = "hunter-2026"  # noqa: S105 (of nobody)
ENCODED = base64.b64encode(f"\0{ANNA}\0{SECRET}".encode()).decode()
LOGIN = Login(ANNA, SECRET)
CONSTANTS = ("CONNECT_SECONDS", "READ_SECONDS", "SIGN_IN_SECONDS", "APPEND_SECONDS")
SOON = 0.3
ONLY_LOGIN = {"CAPABILITY": f"* CAPABILITY IMAP4rev1 STARTTLS\r\n{DONE}"}
BREAKS = {
    "CR": "anna\r",
    "LF": "anna\nA1 DELETE INBOX",
    "CRLF": "anna\r\nA1 DELETE INBOX",
    "NUL": "anna\0",
    "too long": "a" * 201,
}
Start = Callable[..., tuple[Scripted, Server]]


@pytest.fixture(params=["imaps", "STARTTLS"])
def at_once(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "imaps")


@pytest.fixture
def start(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return what starts a server with these replies, and says how it is reached."""
    with ExitStack() as running:

        def begin(
            replies: dict[str, str] | None = None,
            *,
            at_once: bool = False,
            certificate: Path | None = None,
        ) -> tuple[Scripted, Server]:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate or authority.issue(HERE))
            server = running.enter_context(Scripted(context, replies or {}, at_once))
            if at_once:
                monkeypatch.setattr(imap, "IMAPS_PORT", server.port)
            return server, Server(HERE, server.port, authorities=authority.file)

        yield begin


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CONSTANTS:
        monkeypatch.setattr(imap, name, SOON)


def go_through(there: Server, login: Login = LOGIN) -> None:
    """Do all that is ever done with a server."""
    with imap.folder(there, login, "INBOX") as folder:
        folder.holds("<1@there.example>")
        folder.put(RAW, NOON, read=True)


def verbs(server: Scripted) -> list[str]:
    return [line.split(" ")[1] for line in server.heard if " " in line]


def test_a_server_that_behaves_is_used(start: Start, at_once: bool) -> None:
    server, there = start({"APPEND": "+ go on"}, at_once=at_once)
    with imap.signed_in(there, LOGIN):
        pass
    assert ENCODED in server.heard
    assert verbs(server)[-1] == "LOGOUT"


def test_an_empty_password_is_refused_without_a_word(start: Start) -> None:
    server, there = start()
    with pytest.raises(SignInRefused), imap.signed_in(there, Login(ANNA, "")):
        pass
    assert server.connections == 0


@pytest.mark.parametrize("text", BREAKS.values(), ids=BREAKS)
@pytest.mark.parametrize("which", ["name", "password", "master", "folder"])
def test_what_would_end_a_command_is_refused_without_a_word(
    start: Start, which: str, text: str
) -> None:
    server, there = start()
    said = {"name": ANNA, "password": SECRET, "master": "", "folder": "INBOX"} | {which: text}
    name = said.pop("folder")
    with pytest.raises(NoImap) as raised, imap.folder(there, Login(**said), name):
        pass
    assert text not in str(raised.value)
    assert server.connections == 0


def test_a_server_that_lets_anybody_in_is_not_used(start: Start, at_once: bool) -> None:
    server, there = start({GREETING: "* PREAUTH welcome"}, at_once=at_once)
    with pytest.raises(NoImap, match="PREAUTH"):
        go_through(there)
    assert set(verbs(server)) <= {"CAPABILITY", "LOGOUT"}


@pytest.fixture(params=["another name", "expired", "unknown authority"])
def unproven(
    request: pytest.FixtureRequest, authority: Authority, tmp_path: Path
) -> tuple[Path, str]:
    """Return a certificate that proves nothing, and what is wrong with it."""
    yesterday = clock.now() - timedelta(days=1)
    made = {
        "another name": (authority.issue("mail.elsewhere.example"), "match"),
        "expired": (authority.issue(HERE, expires_at=yesterday), "expired"),
        "unknown authority": (Authority(tmp_path, "Unknown").issue(HERE), "local issuer"),
    }
    return made[str(request.param)]


def test_a_certificate_that_proves_nothing_ends_it(
    start: Start, at_once: bool, unproven: tuple[Path, str]
) -> None:
    certificate, why = unproven
    server, there = start(at_once=at_once, certificate=certificate)
    with pytest.raises(NoImap, match=f"certificate of the server is not valid: .*{why}"):
        go_through(there)
    assert not {"AUTHENTICATE", "LOGIN"} & set(verbs(server))


@pytest.mark.parametrize(
    "replies",
    [
        {"CAPABILITY": f"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{DONE}"},
        {"STARTTLS": "{tag} NO not today"},
        {"STARTTLS": "{tag} BAD what"},
    ],
    ids=["not offered", "refused", "unknown"],
)
def test_without_tls_no_password_is_said(start: Start, replies: dict[str, str]) -> None:
    server, there = start(replies)
    with pytest.raises(NoImap):
        go_through(there)
    assert not {"AUTHENTICATE", "LOGIN"} & set(verbs(server))


def test_what_was_said_in_plain_behind_starttls_is_not_believed(start: Start) -> None:
    server, there = start({"STARTTLS": f"{DONE}\r\n* CAPABILITY IMAP4rev1\r\n* PREAUTH hello"})
    with imap.signed_in(there, LOGIN):
        pass
    assert ENCODED in server.heard


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("how", [SILENT, TRICKLE])
@pytest.mark.parametrize(
    "stage", ["STARTTLS", "AUTHENTICATE", "RESPONSE", "SELECT", "UID", "APPEND"]
)
def test_a_server_that_does_not_come_to_an_end_is_left_in_time(
    start: Start, stage: str, how: str
) -> None:
    _, there = start({stage: how})
    begun = time.monotonic()
    with pytest.raises(NoImap) as raised:
        go_through(there)
    assert time.monotonic() - begun < 6 * SOON
    assert not isinstance(raised.value, SignInRefused)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("how", [SILENT, TRICKLE])
@pytest.mark.parametrize("stage", [GREETING, "CAPABILITY"])
def test_a_server_that_does_not_begin_is_left_in_time(
    start: Start, at_once: bool, stage: str, how: str
) -> None:
    _, there = start({stage: how}, at_once=at_once)
    begun = time.monotonic()
    with pytest.raises(NoImap):
        go_through(there)
    assert time.monotonic() - begun < 6 * SOON


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("how", [SILENT, TRICKLE, CLOSE])
def test_a_farewell_that_is_not_answered_spoils_nothing(start: Start, how: str) -> None:
    _, there = start({"LOGOUT": how})
    begun = time.monotonic()
    with imap.signed_in(there, LOGIN):
        pass
    assert time.monotonic() - begun < 6 * SOON


@pytest.mark.parametrize(
    "replies",
    [
        {"AUTHENTICATE": CLOSE},
        {"RESPONSE": CLOSE},
        {"RESPONSE": "{tag} NO [UNAVAILABLE] try later"},
        {"RESPONSE": "what?"},
    ],
    ids=["closed at once", "closed after the password", "not now", "no reply"],
)
def test_a_sign_in_that_breaks_off_says_nothing_of_the_password(
    start: Start, replies: dict[str, str]
) -> None:
    _, there = start(replies)
    with pytest.raises(NoImap) as raised, imap.signed_in(there, LOGIN):
        pass
    assert not isinstance(raised.value, SignInRefused)


@pytest.mark.parametrize(
    "replies",
    [
        {GREETING: "hello"},
        {GREETING: "* BYE too many"},
        {GREETING: "* OK {99999999999999999999}"},
        {GREETING: "* OK {999999999999999}"},
        {"CAPABILITY": f"* CAPABILITY IMAP4rev1 ÄÖÜ\r\n{DONE}"},
        {"CAPABILITY": DONE},
        {"CAPABILITY": f"* CAPABILITY POP3\r\n{DONE}"},
        {"SELECT": "A0 OK of another command"},
        {"UID": "* SEARCH one two\r\n" + DONE},
        {"APPEND": "* OK {99999999999999999999}"},
    ],
    ids=[
        "no greeting", "bye", "endless", "huge", "not ASCII", "no capability", "another protocol",
        "another's reply", "no numbers", "endless reply",
    ],
)  # fmt: skip
def test_a_server_that_makes_no_sense_cannot_be_used(
    start: Start, at_once: bool, replies: dict[str, str]
) -> None:
    _, there = start(replies, at_once=at_once)
    with pytest.raises(NoImap):
        go_through(there)


def test_a_password_that_login_cannot_say_is_said_by_plain(start: Start) -> None:
    server, there = start(ONLY_LOGIN)
    with imap.signed_in(there, Login(ANNA, "grün")):
        pass
    assert "AUTHENTICATE" in verbs(server)


def shown_of(there: Server) -> str:
    """Return all that is told and logged by us of signing in."""
    with capture_logs() as logs:
        try:
            with imap.signed_in(there, LOGIN):
                return str(logs)
        except NoImap as error:
            return f"{logs} {error!r} {''.join(traceback.format_exception(error))}"


@pytest.mark.parametrize(
    "replies",
    [{}, ONLY_LOGIN, {"RESPONSE": "{tag} NO never"}, {"RESPONSE": CLOSE}],
    ids=["PLAIN", "LOGIN", "refused", "closed"],
)
def test_a_password_is_in_no_log_of_any_level_and_in_no_error(
    start: Start, caplog: pytest.LogCaptureFixture, replies: dict[str, str]
) -> None:
    server, there = start(replies)
    caplog.set_level(logging.DEBUG)
    shown = shown_of(there) + caplog.text
    assert any(SECRET in line or ENCODED in line for line in server.heard)
    assert SECRET not in shown
    assert ENCODED not in shown


@pytest.mark.parametrize("reply", ["{tag} NO ", "{tag} BAD ", "what? "])
@pytest.mark.parametrize("before", [{}, ONLY_LOGIN], ids=["PLAIN", "LOGIN"])
def test_a_password_that_a_server_repeats_is_not_repeated(
    start: Start, caplog: pytest.LogCaptureFixture, before: dict[str, str], reply: str
) -> None:
    said = f"{reply}{ENCODED} {SECRET}"
    _, there = start(before | {"RESPONSE": said, "LOGIN": said})
    caplog.set_level(logging.INFO)
    shown = shown_of(there) + caplog.text
    assert "NoImap" in shown or "SignInRefused" in shown
    assert SECRET not in shown
    assert ENCODED not in shown
