"""The customer's IMAP server: signing in there, and putting mail into a folder (RFC 9051).

TLS is proven or there is no connection; names and passwords cannot end a command; and whatever
the server does, it takes no longer than a stated time.
"""

import contextlib
import imaplib
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from mailstore.addresses import parse_host_port
from mailstore.errors import MailhafenError
from mailstore.reach import Network, addresses_of, is_public

IMAPS_PORT = 993
CONNECT_SECONDS, READ_SECONDS = 5.0, 30.0
# From the first packet to the answer; what a whole sign-in takes is a second more at most.
SIGN_IN_SECONDS, LEAVE_SECONDS = 8.0, 1.0
APPEND_SECONDS = 300.0
# What a server may say while somebody signs in, and then about each mail.
MOST_BYTES = 2**20
# A timeout of nothing would mean that nothing may be waited for, and be another error.
TOO_SOON = 0.001
LONGEST_NAME = 200
MOST_ADDRESSES = 4
SEEN = rb"\Seen"
UNAVAILABLE = "[UNAVAILABLE]"
# What imaplib and imapclient 4.1.0 raise over replies that are none.
NONSENSE = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, MemoryError)


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


class _Connection(imaplib.IMAP4):
    """IMAP over a connection that is there already, from which only so much is read."""

    def __init__(self, made: socket.socket) -> None:
        self._made, self.spare = made, MOST_BYTES
        super().__init__()

    def _create_socket(self, timeout: float | None = None) -> socket.socket:  # noqa: ARG002 (imaplib's)
        return self._made

    def read(self, size: int) -> bytes:
        """Read so many bytes."""
        self._spend(size)
        return super().read(size)

    def readline(self) -> bytes:
        """Read a line."""
        line = super().readline()
        self._spend(len(line))
        return line

    def _spend(self, size: int) -> None:
        self.spare -= size
        if self.spare < 0:
            raise self.abort("more than anybody asked for")


class _Client(IMAPClient):  # type: ignore[misc]  # imapclient has no types
    """A client on a connection that is there already, so that its greeting has a deadline too."""

    def __init__(self, made: socket.socket, *, tls: bool) -> None:
        self._made = made
        super().__init__("", ssl=tls, timeout=SocketTimeout(CONNECT_SECONDS, READ_SECONDS))

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 (imapclient's)
        return _Connection(self._made)


class Folder:
    """A folder of a mailbox that somebody signed in to."""

    def __init__(self, client: IMAPClient, name: str) -> None:
        self._client, self._name = client, name

    def holds(self, message_id: str) -> bool:
        """Whether a mail with this Message-ID is there already."""
        wanted = message_id.strip()
        # A search finds parts of words too: half an id would be found in those of other mails.
        if not (wanted.startswith("<") and wanted.endswith(">")):
            return False
        if not wanted.isascii() or not wanted.isprintable():
            return False
        self._client._imap.spare = MOST_BYTES
        with _told(), _within(self._client.socket(), READ_SECONDS):
            return bool(self._client.search(["HEADER", "Message-ID", wanted]))

    def put(self, content: bytes, at: datetime, *, read: bool) -> None:
        """Add a mail with its date, or raise NoImap."""
        with _told(), _within(self._client.socket(), APPEND_SECONDS):
            self._client.append(self._name, content, [SEEN] if read else [], at)


@contextlib.contextmanager
def folder(server: Server, login: Login, name: str) -> Iterator[Folder]:
    """Sign in and give a folder, made if need be; raises NoImap, SignInRefused."""
    _checked(name)
    with signed_in(server, login) as client:
        with patient(client):
            _open(client, name)
        yield Folder(client, name)


@contextlib.contextmanager
def patient(client: IMAPClient) -> Iterator[None]:
    """Let a server take the usual time for what is asked meanwhile, or raise NoImap."""
    with _told(), _within(client.socket(), READ_SECONDS):
        yield


@contextlib.contextmanager
def signed_in(server: Server, login: Login) -> Iterator[IMAPClient]:
    """Sign in, or raise NoImap or SignInRefused."""
    for text in (login.name, login.password, login.master):
        _checked(text)
    if not login.password:
        raise SignInRefused("A password is needed.")
    ends = time.monotonic() + SIGN_IN_SECONDS
    with _told():
        client = _connected(server, ends)
    try:
        with _told(), _within(client.socket(), _left(ends)):
            if not client.ssl:
                client.starttls(_context(server))
            _sign_in(client, login)
        yield client
    finally:
        never_mind = contextlib.suppress(OSError, IMAPClientError, *NONSENSE)
        with never_mind, _within(client.socket(), LEAVE_SECONDS):
            client.logout()
        with never_mind:
            client.shutdown()


def _open(client: IMAPClient, name: str) -> None:
    # Listing it would not tell: in a list, % and * stand for other names too.
    try:
        client.select_folder(name)
    except IMAPClientError:
        client.create_folder(name)
        client.subscribe_folder(name)
        client.select_folder(name)


def _context(server: Server) -> ssl.SSLContext:
    context = _Proven(ssl.PROTOCOL_TLS_CLIENT)
    context.host = server.host
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    if server.authorities:
        context.load_verify_locations(server.authorities)
    else:
        context.load_default_certs()
    return context


def _left(ends: float) -> float:
    return max(ends - time.monotonic(), 0.0)


def _connected(server: Server, ends: float) -> IMAPClient:
    at_once, made = server.port == IMAPS_PORT, _reached(server, ends)
    with _within(made, _left(ends)):
        client = _Client(_context(server).wrap_socket(made) if at_once else made, tls=at_once)
    if client._imap.state != "NONAUTH":
        client.shutdown()
        raise NoImap("The server lets anybody in without a password (PREAUTH).")
    return client


def _reached(server: Server, ends: float) -> socket.socket:
    """Return a connection to the first address that answers, of those that are allowed."""
    addresses = addresses_of(server.host, min(CONNECT_SECONDS, _left(ends)))
    allowed = [each for each in addresses if server.trusted or is_public(each, server.but)]
    failed: Exception = NoImap(f"{server.host} leads to an address that is not allowed.")
    for address in allowed[:MOST_ADDRESSES]:
        try:
            seconds = min(CONNECT_SECONDS, _left(ends)) or TOO_SOON
            return socket.create_connection((address, server.port), seconds)
        except OSError as error:
            failed = error
    raise failed


def _sign_in(client: IMAPClient, login: Login) -> None:
    try:
        if login.master:
            client.plain_login(login.master, login.password, login.name)
        elif client.has_capability("AUTH=PLAIN") or not _is_ascii(login):
            client.plain_login(login.name, login.password)
        else:
            client.login(login.name, login.password)
    except LoginError as error:
        # What the server said is not repeated: it may be what we said.
        if isinstance(error.__context__, IMAPClientAbortError) or UNAVAILABLE in str(error):
            raise NoImap("The server broke off while signing in.") from None
        raise SignInRefused("The mail server does not accept this name and password.") from None


def _is_ascii(login: Login) -> bool:
    """Whether LOGIN can say it; PLAIN can say everything."""
    return (login.name + login.password).isascii()


def _checked(text: str) -> str:
    if not text.isprintable() or len(text) > LONGEST_NAME:
        raise NoImap("A name or password has characters that cannot be said to a mail server.")
    return text


@contextlib.contextmanager
def _within(connection: socket.socket, seconds: float) -> Iterator[None]:
    """Hang up after a time: a server that trickles would never run into a socket's own."""
    # A handle of its own: TLS takes the first one away, and must not end before the connection.
    handle = socket.socket(fileno=os.dup(connection.fileno()))
    timer = threading.Timer(seconds, _hang_up, [handle])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        handle.close()


def _hang_up(handle: socket.socket) -> None:
    with contextlib.suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise NoImap(
            f"The certificate of the server is not valid: {error.verify_message}"
        ) from error
    except (OSError, IMAPClientError) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise NoImap(f"The server does not answer as it should: {why}") from error
    except NONSENSE as error:
        raise NoImap("The server does not answer as it should.") from error
