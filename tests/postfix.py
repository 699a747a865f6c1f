"""A Postfix of the tests' own: it takes mail for some people and keeps each one in a file.

Postfix must be started by root. Nothing of an installed one is touched.
"""

import pwd
import re
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from bench.installation import free_port
from tests.authority import Authority
from tests.daemons import HERE, PATIENCE, Daemon

DAEMONS, FILES = Path("/usr/lib/postfix/sbin"), Path("/etc/postfix/postfix-files")
OWNER = "postfix"
# Mails are kept as they come: with what Postfix takes out of a header, and without what it adds.
MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
meta_directory = {folder}/conf
command_directory = {commands}
daemon_directory = {daemons}
inet_interfaces = {here}
inet_protocols = ipv4
myhostname = mail.muster.example
mynetworks =
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
local_header_rewrite_clients =
message_drop_headers =
virtual_mailbox_domains = muster.example
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/conf/people
virtual_uid_maps = static:{keeper.pw_uid}
virtual_gid_maps = static:{keeper.pw_gid}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
smtpd_tls_security_level = may
smtpd_tls_chain_files = {certificate}
in_flow_delay = 0
notify_classes =
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
"""
# Name, type, private, unprivileged, chroot, wake-up, most processes, command.
SERVICES = """\
{here}:{port} inet n - n - - smtpd
{here}:{other} inet n - n - - smtpd -o smtpd_tls_chain_files={misnamed}
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
tlsmgr unix - - n 1000? 1 tlsmgr
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
WAITING = ("maildrop", "incoming", "active", "deferred")


class Postfix:
    """`with Postfix(program, authority, people) as server:` runs it.

    At `port` its certificate names the address that it listens on, at `other` another host.
    """

    def __init__(self, program: str, authority: Authority, *people: str) -> None:
        self._program, self._authority, self._people = program, authority, people
        self.folder = Path(tempfile.mkdtemp(prefix="mailhafen-postfix-"))
        self.port, self.other = free_port(), free_port()
        self._conf = self.folder / "conf"
        command = [str(DAEMONS / "master"), "-d", "-c", str(self._conf)]
        self._daemon = Daemon(command, (self.port, self.other), self.folder / "log")
        self.start, self.stop = self._daemon.start, self._daemon.stop

    def __enter__(self) -> Self:
        self.folder.chmod(0o755)
        for name in ("conf", "queue", "data", "mail"):
            (self.folder / name).mkdir()
        keeper = pwd.getpwnam("nobody")
        shutil.chown(self.folder / "data", OWNER)
        shutil.chown(self.folder / "mail", keeper.pw_uid)
        values = {
            "folder": self.folder, "here": HERE, "commands": Path(self._program).parent,
            "daemons": DAEMONS, "keeper": keeper, "certificate": self._authority.issue(HERE),
            "misnamed": self._authority.issue("mail.elsewhere.example"),
            "port": self.port, "other": self.other,
        }  # fmt: skip
        (self._conf / "main.cf").write_text(MAIN.format(**values))
        (self._conf / "master.cf").write_text(SERVICES.format(**values))
        (self._conf / "people").write_text("".join(f"{each} {each}/\n" for each in self._people))
        (self._conf / "dynamicmaps.cf").touch()
        shutil.copy(FILES, self._conf)
        subprocess.run(  # noqa: S603 (the program is Debian's)
            [self._program, "-c", str(self._conf), "check"], check=True, capture_output=True
        )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def arrived(self) -> list[bytes]:
        """Return what came since the last time, once nothing is on its way any more."""
        end = time.monotonic() + PATIENCE
        while self._is_busy():
            if time.monotonic() > end:
                raise TimeoutError(self._daemon.log.read_text())
            time.sleep(0.02)
        paths = self.there()
        contents = [path.read_bytes() for path in paths]
        for path in paths:
            path.unlink()
        return contents

    def there(self) -> list[Path]:
        """Return the files of the mails that are in a mailbox by now."""
        return list((self.folder / "mail").glob("*/new/*"))

    def connections(self) -> int:
        """Return how often somebody connected."""
        said = self._daemon.log.read_text()
        return len(re.findall(r"smtpd\[\d+\]: connect from", said))

    def _is_busy(self) -> bool:
        found = [path for name in WAITING for path in (self.folder / "queue" / name).rglob("*")]
        return any(map(_is_whole, found))


def _is_whole(path: Path) -> bool:
    """Whether a file of the queue is a mail; what is not whole is thrown away by Postfix."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return True  # it is just being moved
    return stat.S_ISREG(mode) and bool(mode & stat.S_IXUSR)
