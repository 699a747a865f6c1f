"""A Dovecot 2.3 of the tests' own: mailboxes that take mail by LMTP and show it by IMAP."""

import contextlib
import grp
import itertools
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from imapclient import IMAPClient
from imapclient.tls import create_default_context

from bench.installation import free_port
from tests.authority import Authority
from tests.daemons import HERE, PATIENCE, Daemon

PASSWORD, MASTER, MASTER_PASSWORD = 'grün "7" §', "keeper", "all \\the\\ keys"
# Whoever makes this folder has it for sent mail (RFC 6154), whatever else is there.
SPECIAL = "Versandt"
DOMAIN, FULL, FULL_FOR_NOW = "muster.example", "full.example", "busy.example"
CONTENT, FLAGS, DATE = b"BODY.PEEK[]", b"FLAGS", b"INTERNALDATE"
CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = {here}
protocols = imap lmtp
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
ssl = required
ssl_cert = <{certificate}
ssl_key = <{certificate}
mail_location = sdbox:~/mail
mail_fsync = never
mail_plugins = quota
first_valid_uid = 1
auth_failure_delay = 0
namespace inbox {{
  inbox = yes
  separator = /
  mailbox {special} {{
    special_use = \\Sent
  }}
}}
plugin {{
  quota = count:User quota
  quota_vsizes = yes
}}
passdb {{
  driver = passwd-file
  master = yes
  args = {folder}/masters
}}
passdb {{
  driver = passwd-file
  args = username_format=%d {folder}/domains
}}
userdb {{
  driver = passwd-file
  args = username_format=%d {folder}/domains
  default_fields = uid={uid} gid={gid} home={folder}/homes/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  # Whoever signs in wrongly is not slowed down: all come from one address.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = {here}
    port = {lmtp}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail as it lies in a folder."""

    content: bytes
    read: bool
    at: datetime


class Dovecot:
    """`with Dovecot(program, authority) as server:` runs it.

    Whoever is in DOMAIN has an empty mailbox; those of FULL and FULL_FOR_NOW have no room for any
    mail, and a server says of the latter that there may be soon.
    """

    def __init__(self, program: str, authority: Authority) -> None:
        self._authority = authority
        self._people = itertools.count(1)
        self.folder = Path(tempfile.mkdtemp(prefix="mailhafen-dovecot-"))
        self.imap, self.imaps, self.lmtp = free_port(), free_port(), free_port()
        command = [program, "-F", "-c", str(self.folder / "conf")]
        ports = (self.imap, self.imaps, self.lmtp)
        self._daemon = Daemon(command, ports, self.folder / "log")
        self.start, self.stop, self.die = self._daemon.start, self._daemon.stop, self._daemon.die

    def __enter__(self) -> Self:
        self.folder.chmod(0o755)
        homes = self.folder / "homes"
        homes.mkdir()
        root, own = os.geteuid() == 0, pwd.getpwuid(os.geteuid())
        keeper = pwd.getpwnam("nobody") if root else own
        os.chown(homes, keeper.pw_uid, keeper.pw_gid)
        internal = pwd.getpwnam("dovecot") if root else own
        text = CONFIGURATION.format(
            folder=self.folder, here=HERE, special=SPECIAL, certificate=self._authority.issue(HERE),
            internal=internal.pw_name, login="dovenull" if root else own.pw_name,
            group=grp.getgrgid(internal.pw_gid).gr_name, uid=keeper.pw_uid, gid=keeper.pw_gid,
            imap=self.imap, imaps=self.imaps, lmtp=self.lmtp,
        )  # fmt: skip
        (self.folder / "conf").write_text(text)
        (self.folder / "masters").write_text(_entry(MASTER, MASTER_PASSWORD))
        no_room = "userdb_quota_rule=*:storage=1B"
        people = [
            _entry(DOMAIN, PASSWORD),
            _entry(FULL, PASSWORD, no_room),
            _entry(FULL_FOR_NOW, PASSWORD, f"{no_room} userdb_quota_full_tempfail=yes"),
        ]
        (self.folder / "domains").write_text("".join(people))
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def person(self, domain: str = DOMAIN) -> str:
        """Return the address of somebody who has a mailbox of their own."""
        return f"person{next(self._people)}@{domain}"

    def kept(self, person: str, folder: str = "INBOX") -> Sequence[Kept]:
        """Return what lies in a folder, in the order in which it came."""
        with self._mailbox(person) as mailbox:
            mailbox.select_folder(folder, readonly=True)
            found = mailbox.fetch(mailbox.search(), [CONTENT, FLAGS, DATE])
        return [_kept(found[uid]) for uid in sorted(found)]

    def folders(self, person: str) -> set[str]:
        """Return the names of the folders that programs show."""
        with self._mailbox(person) as mailbox:
            return {str(name) for *_, name in mailbox.list_sub_folders()}

    def make(self, person: str, folder: str) -> None:
        """Make a folder, as a mail program does."""
        with self._mailbox(person) as mailbox:
            mailbox.create_folder(folder)

    @contextlib.contextmanager
    def _mailbox(self, person: str) -> Iterator[Any]:
        context = create_default_context()
        context.load_verify_locations(self._authority.file)
        with IMAPClient(HERE, self.imaps, ssl_context=context, timeout=PATIENCE) as mailbox:
            mailbox.normalise_times = False
            mailbox.plain_login(person, PASSWORD)
            yield mailbox


def _entry(name: str, password: str, more: str = "") -> str:
    return f"{name}:{{PLAIN}}{password}::::::{more}\n"


def _kept(found: dict[bytes, Any]) -> Kept:
    return Kept(found[b"BODY[]"], rb"\Seen" in found[FLAGS], found[DATE])
