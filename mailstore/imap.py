"""The customer's IMAP server: signing in there, and putting mail into a folder (RFC 9051).

TLS is proven or there is no connection; names and passwords cannot end a command; and whatever
the server does, it takes no longer than a stated time.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from mailstore.addresses import parse_host_port
from mailstore.errors import MailhafenError
from mailstore.reach import Network, is_public

IMAPS_PORT = 993
CONNECT_SECONDS, READ_SECONDS = 5.0, 30.0
SIGN_IN_SECONDS = 10.0
APPEND_SECONDS = 300.0
LONGEST_NAME = 200
SEEN = rb"\Seen"


class NoImap(MailhafenError):
    """The server cannot be used now; the text says why, for whoever asked."""


class SignInRefused(NoImap):
    """The server does not know the name and password."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a domain's IMAP server is: port 993 speaks TLS at once, any other by STARTTLS.

    `trusted`: the operator named it, so it may lie inside the network or in one of `but`.
    """

    host: str
    port: int
    trusted: bool = True
    but: Sequence[Network] = ()
    authorities: Path | None = None

    @classmethod
    def parse(cls, text: str, **more: Any) -> "Server":
        """Read HOST:PORT, or raise BadName."""
        return cls(*parse_host_port(text), **more)


@dataclass(frozen=True, slots=True)
class Login:
    """Who signs in; a master user signs in for `name` (RFC 4616: authorization identity)."""

    name: str
    password: str
    master: str = ""


class _Proven(ssl.SSLContext):
    """Asks for a certificate of the name, though the connection goes to a checked address."""

    host = ""

    def wrap_socket(self, sock: socket.socket, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """Prove the host by its name."""
        return super().wrap_socket(sock, *args, **kwargs | {"server_hostname": self.host})


class Folder:
    """A folder of a mailbox that somebody signed in to."""

    def __init__(self, client: IMAPClient, name: str) -> None:
        self._client, self._name = client, name

    def holds(self, message_id: str) -> bool:
        """Whether a mail with this Message-ID is there already."""
        wanted = message_id.strip()
        if not wanted or not wanted.isascii() or not wanted.isprintable():
            return False
        with _within(self._client, READ_SECONDS), _told():
            return bool(self._client.search(["HEADER", "Message-ID", wanted]))

    def put(self, content: bytes, at: datetime, *, read: bool) -> None:
        """Add a mail with its date, or raise NoImap."""
        with _within(self._client, APPEND_SECONDS), _told():
            self._client.append(self._name, content, [SEEN] if read else [], at)


@contextlib.contextmanager
def folder(server: Server, login: Login, name: str) -> Iterator[Folder]:
    """Sign in and give a folder, made if need be; raises NoImap, SignInRefused."""
    with signed_in(server, login) as client:
        with _within(client, READ_SECONDS), _told():
            if not client.folder_exists(_checked(name)):
                client.create_folder(name)
                client.subscribe_folder(name)
            client.select_folder(name)
        yield Folder(client, name)


@contextlib.contextmanager
def signed_in(server: Server, login: Login) -> Iterator[IMAPClient]:
    """Sign in, or raise NoImap or SignInRefused."""
    for text in (login.name, login.password, login.master):
        _checked(text)
    if not login.password:
        raise SignInRefused("A password is needed.")
    with _told():
        client = _connected(server)
    try:
        with _within(client, SIGN_IN_SECONDS), _told():
            _sign_in(client, login)
        yield client
    finally:
        with contextlib.suppress(OSError, IMAPClientError), _within(client, CONNECT_SECONDS):
            client.logout()


def _connected(server: Server) -> IMAPClient:
    context = _Proven(ssl.PROTOCOL_TLS_CLIENT)
    context.host = server.host
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    if server.authorities:
        context.load_verify_locations(server.authorities)
    else:
        context.load_default_certs()
    timeout = SocketTimeout(CONNECT_SECONDS, READ_SECONDS)
    at_once = server.port == IMAPS_PORT
    client = IMAPClient(
        _address(server), server.port, ssl=at_once, ssl_context=context if at_once else None,
        timeout=timeout,
    )  # fmt: skip
    if client._imap.state != "NONAUTH":
        client.shutdown()
        raise NoImap("The server lets anybody in without a password (PREAUTH).")
    if not at_once:
        client.starttls(context)
    return client


def _address(server: Server) -> str:
    """Return the address to connect to, checked; raises NoImap."""
    found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    addresses = [str(ip_address(str(each[4][0]).partition("%")[0])) for each in found]
    allowed = [each for each in addresses if server.trusted or is_public(each, server.but)]
    if not allowed:
        raise NoImap(f"{server.host} leads to an address that is not allowed.")
    return allowed[0]


def _sign_in(client: IMAPClient, login: Login) -> None:
    try:
        if login.master:
            client.plain_login(login.master, login.password, login.name)
        elif client.has_capability("AUTH=PLAIN"):
            client.plain_login(login.name, login.password)
        else:
            client.login(login.name, login.password)
    except LoginError as error:
        raise SignInRefused("The mail server does not accept this name and password.") from error


def _checked(text: str) -> str:
    if not text.isprintable() or len(text) > LONGEST_NAME:
        raise NoImap("A name or password has characters that cannot be said to a mail server.")
    return text


@contextlib.contextmanager
def _within(client: IMAPClient, seconds: float) -> Iterator[None]:
    """Hang up after a time: a server that trickles would never run into a socket's own."""
    timer = threading.Timer(seconds, _hang_up, [client])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(client: IMAPClient) -> None:
    with contextlib.suppress(OSError):
        client.socket().shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise NoImap(
            f"The certificate of the server is not valid: {error.verify_message}"
        ) from error
    except (OSError, IMAPClientError) as error:
        raise NoImap(
            f"The server does not answer as it should: {error or type(error).__name__}"
        ) from error
