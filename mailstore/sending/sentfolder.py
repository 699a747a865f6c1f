"""The folder of sent mail on somebody's own IMAP server, whatever it is called there.

A server that says which one it is (RFC 6154) is believed; others call it by one of a few names.
"""

import contextlib
import unicodedata
from collections.abc import Iterator, Sequence

from imapclient import IMAPClient

from mailstore import imap
from mailstore.imap import Folder, Login, Server

SENT, NOT_A_FOLDER = rb"\sent", (rb"\noselect", rb"\nonexistent")
OURS = "Sent"
# As mail programs name it, the most usual first.
NAMES = (
    OURS, "Sent Items", "Sent Messages", "Sent Mail", "Gesendet", "Gesendete Elemente",
    "Gesendete Objekte", "Gesendete Nachrichten", "Envoyés", "Éléments envoyés",
    "Messages envoyés", "Inviata", "Posta inviata", "Inviati", "Elementi inviati",
)  # fmt: skip
INBOX = "inbox"

Listed = Sequence[tuple[Sequence[bytes], bytes | None, str]]


@contextlib.contextmanager
def sent_folder(server: Server, login: Login) -> Iterator[Folder]:
    """Sign in and give the folder of sent mail, made if need be; raises NoImap, SignInRefused."""
    with imap.signed_in(server, login) as client:
        with imap.patient(client):
            name = found_in(_listed(client)) or _made(client)
            client.select_folder(name)
        yield Folder(client, name)


def _listed(client: IMAPClient) -> Listed:
    # imapclient 4.1.0 keeps what the server could do before anybody signed in.
    client._cached_capabilities = None
    if not client.has_capability("SPECIAL-USE"):
        found: Listed = client.list_folders()
        return found
    # A plain LIST need not tell (RFC 6154 §2), and imapclient knows no other.
    typ, _ = client._imap._simple_command("LIST", '""', '"*"', "RETURN (SPECIAL-USE)")
    _, data = client._imap._untagged_response(typ, [None], "LIST")
    return client._proc_folder_list(data)  # type: ignore[no-any-return]  # imapclient has no types


def found_in(listed: Listed) -> str | None:
    """Return the name of the folder of sent mail among those that a server lists, or None."""
    folders: dict[str, str] = {}
    for flags, separator, name in listed:
        said = {flag.lower() for flag in flags}
        if said.isdisjoint(NOT_A_FOLDER):
            if SENT in said:
                return name
            folders.setdefault(_plain(name, separator), name)
    return next((folders[key] for key in map(_folded, NAMES) if key in folders), None)


def _plain(name: str, separator: bytes | None) -> str:
    """Return a name as people see it: some servers have all folders below the inbox."""
    folded = _folded(name)
    return folded.removeprefix(f"{INBOX}{separator.decode()}") if separator else folded


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _made(client: IMAPClient) -> str:
    personal = client.namespace().personal if client.has_capability("NAMESPACE") else ()
    name = f"{personal[0][0] if personal else ''}{OURS}"
    client.create_folder(name)
    client.subscribe_folder(name)
    return name
