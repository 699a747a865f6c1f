from datetime import UTC, datetime, timedelta, timezone
from ipaddress import ip_network
from pathlib import Path

import pytest

from mailstore import imap
from mailstore.imap import Login, NoImap, Server, SignInRefused
from tests.authority import Authority
from tests.daemons import HERE
from tests.dovecot import FULL, MASTER, MASTER_PASSWORD, PASSWORD, Dovecot
from tests.factories import NOON, RAW
from tests.inside import ADDRESSES

pytest_plugins = ["tests.peers"]

MESSAGES = Path(__file__).parent.parent / "messages"
NEW_YEAR = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
FOLDERS = {
    "umlauts": "Wiederhergestellt/Ärger",
    "quotes": 'the "old" mails',
    "a backslash": "back\\slash",
    "an ampersand": "Q&A",
    "another script": "受信箱",
    "blanks": "two  blanks",
}


@pytest.fixture(params=["imaps", "STARTTLS"])
def both(
    request: pytest.FixtureRequest,
    dovecot: Dovecot,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> Server:
    """Return the server, reached in either way."""
    monkeypatch.setattr(imap, "IMAPS_PORT", dovecot.imaps)
    port = dovecot.imaps if request.param == "imaps" else dovecot.imap
    return Server(HERE, port, authorities=authority.file)


@pytest.fixture
def server(dovecot: Dovecot, authority: Authority) -> Server:
    return Server(HERE, dovecot.imap, authorities=authority.file)


@pytest.fixture
def anna(dovecot: Dovecot) -> str:
    return dovecot.person()


@pytest.fixture
def login(anna: str) -> Login:
    return Login(anna, PASSWORD)


def put(server: Server, login: Login, content: bytes = RAW, name: str = "INBOX") -> None:
    with imap.folder(server, login, name) as folder:
        folder.put(content, NOON, read=False)


def test_the_right_password_opens_the_mailbox(both: Server, login: Login, dovecot: Dovecot) -> None:
    put(both, login)
    assert [each.content for each in dovecot.kept(login.name)] == [RAW]


def test_a_master_opens_the_mailbox_of_anybody(both: Server, anna: str, dovecot: Dovecot) -> None:
    put(both, Login(anna, MASTER_PASSWORD, MASTER))
    assert [each.content for each in dovecot.kept(anna)] == [RAW]


@pytest.mark.parametrize(
    ("name", "password", "master"),
    [
        ("", "wrong", ""),
        ("nobody@stranger.example", PASSWORD, ""),
        ("", MASTER_PASSWORD, ""),
        ("", PASSWORD, MASTER),
        ("", MASTER_PASSWORD, "nobody"),
    ],
    ids=["wrong", "stranger", "the master's", "not the master's", "no master"],
)
def test_a_wrong_name_or_password_is_refused(
    server: Server, anna: str, name: str, password: str, master: str
) -> None:
    login = Login(name or anna, password, master)
    with pytest.raises(SignInRefused), imap.signed_in(server, login):
        pass


def test_a_master_opens_no_mailbox_that_is_not_there(both: Server) -> None:
    nobody = Login("nobody@stranger.example", MASTER_PASSWORD, MASTER)
    with pytest.raises(NoImap), imap.signed_in(both, nobody):
        pass


def test_a_server_that_is_down_cannot_be_used(dovecot: Dovecot, login: Login) -> None:
    unused = Server(HERE, dovecot.lmtp + 1)
    with pytest.raises(NoImap, match="refused") as raised, imap.signed_in(unused, login):
        pass
    assert not isinstance(raised.value, SignInRefused)


@pytest.mark.parametrize("host", ADDRESSES)
def test_a_host_that_a_tenant_named_may_not_lie_inside(
    dovecot: Dovecot, login: Login, host: str
) -> None:
    named = Server(host.strip("[]"), dovecot.imap, trusted=False)
    with pytest.raises(NoImap, match="not allowed"), imap.signed_in(named, login):
        pass


def test_a_host_that_a_tenant_named_may_lie_in_a_network_that_is_let_in(
    server: Server, login: Login
) -> None:
    inside = (ip_network("127.0.0.0/8"),)
    named = Server(HERE, server.port, trusted=False, but=inside, authorities=server.authorities)
    with imap.signed_in(named, login) as client:
        assert client.folder_exists("INBOX")


@pytest.mark.parametrize("sample", sorted(MESSAGES.glob("*l*.eml")), ids=lambda path: path.stem)
def test_a_mail_is_put_as_it_is(
    server: Server, login: Login, dovecot: Dovecot, sample: Path
) -> None:
    put(server, login, sample.read_bytes())
    assert [each.content for each in dovecot.kept(login.name)] == [sample.read_bytes()]


@pytest.mark.parametrize(
    "content",
    [
        RAW + b".\r\n..\r\n",
        RAW + "5 €\r\n".encode() + b"\xff\xfe",
        RAW + b"y" * 100_000,
        RAW * 40_000,
    ],
    ids=["dots", "8-bit", "a long line without an end", "large"],
)
def test_a_generated_mail_is_put_as_it_is(
    server: Server, login: Login, dovecot: Dovecot, content: bytes
) -> None:
    put(server, login, content)
    assert [each.content for each in dovecot.kept(login.name)] == [content]


@pytest.mark.parametrize("read", [True, False], ids=["read", "unread"])
@pytest.mark.parametrize("at", [NOON, NEW_YEAR], ids=["noon", "another zone's new year"])
def test_a_mail_keeps_its_date_and_whether_it_was_read(
    server: Server, login: Login, dovecot: Dovecot, at: datetime, read: bool
) -> None:
    with imap.folder(server, login, "INBOX") as folder:
        folder.put(RAW, at, read=read)
    (kept,) = dovecot.kept(login.name)
    assert (kept.at.astimezone(UTC), kept.read) == (at.astimezone(UTC), read)


def test_a_mail_that_has_no_room_is_not_put_and_the_server_says_why(
    server: Server, dovecot: Dovecot
) -> None:
    with pytest.raises(NoImap, match="Quota exceeded"):
        put(server, Login(dovecot.person(FULL), PASSWORD))


@pytest.mark.parametrize("name", FOLDERS.values(), ids=FOLDERS)
def test_a_folder_of_any_name_is_made_shown_and_found_again(
    server: Server, login: Login, dovecot: Dovecot, name: str
) -> None:
    for _ in range(2):
        put(server, login, name=name)
    assert len(dovecot.kept(login.name, name)) == 2
    assert name in dovecot.folders(login.name)


@pytest.mark.parametrize("name", ["old*", "old%"], ids=["asterisk", "percent"])
def test_a_name_that_stands_for_others_is_a_name_all_the_same(
    server: Server, login: Login, dovecot: Dovecot, name: str
) -> None:
    for each in ("older", name, name):
        put(server, login, name=each)
    assert [len(dovecot.kept(login.name, each)) for each in ("older", name)] == [1, 2]


@pytest.mark.parametrize(
    ("kept", "asked", "found"),
    [
        ("<11@there.example>", "<11@there.example>", True),
        ("<11@there.example>", " <11@there.example>\r\n", True),
        ('<"a b"@there.example>', '<"a b"@there.example>', True),
        ("<11@there.example>", "<1@there.example>", False),
        ("<11@there.example>", "1@there.example", False),
        ("<11@there.example>", "", False),
        ("<ä@there.example>", "<ä@there.example>", False),
        ("<a@there.example>", "<a@there.example>\r\nA1 DELETE INBOX\r\n<>", False),
    ],
    ids=["same", "blanks", "quoted", "another", "part", "none", "not ASCII", "several lines"],
)
def test_a_mail_is_found_by_its_whole_id(
    server: Server, login: Login, kept: str, asked: str, found: bool
) -> None:
    with imap.folder(server, login, "INBOX") as folder:
        folder.put(RAW.replace(b"<1@there.example>", kept.encode()), NOON, read=False)
        assert folder.holds(asked) is found


def test_a_host_of_several_addresses_is_reached_at_the_one_that_answers(
    dovecot: Dovecot, authority: Authority, login: Login
) -> None:
    several = Server("localhost", dovecot.imap, authorities=authority.file)
    with pytest.raises(NoImap, match="certificate"), imap.signed_in(several, login):
        pass
