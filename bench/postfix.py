"""Postfix on throw-away data, as it is when installed: it takes mail, and hands it on when told.

It needs root, as Postfix does, and touches nothing of an installed one.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from bench.installation import free_port, wait_for
from bench.load import Load

COMMANDS, DAEMONS, FILES = "/usr/sbin", "/usr/lib/postfix/sbin", "/etc/postfix/postfix-files"
OWNER = "postfix"
SESSIONS = 10
MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = {commands}
daemon_directory = {daemons}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.bench.example
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
relayhost = [127.0.0.1]:{hop}
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
in_flow_delay = 0
notify_classes =
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
"""
# Name, type, private, unprivileged, chroot, wake-up, most processes, command.
SERVICES = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
HANDS_ON = "qmgr unix n - n 300 1 qmgr\n"


def is_possible() -> bool:
    """Whether Postfix is installed and may be started."""
    return os.geteuid() == 0 and Path(DAEMONS, "master").exists()


class Postfix:
    """`with Postfix(hop) as it:` takes mail for one next hop on loopback and keeps it for now."""

    def __init__(self, hop: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="postfix-"))
        self.port = free_port()
        self._config = self.folder / "conf"
        self._hop = hop

    def __enter__(self) -> Self:
        self.folder.chmod(0o755)
        for name in ("conf", "queue", "data"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", OWNER)
        text = MAIN.format(folder=self.folder, commands=COMMANDS, daemons=DAEMONS, hop=self._hop)
        (self._config / "main.cf").write_text(text)
        (self._config / "dynamicmaps.cf").touch()
        shutil.copy(FILES, self._config)
        self._serve(SERVICES)
        self._run("postfix", "start")
        wait_for(self.port)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._run("postfix", "stop")
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def take(self, count: int, size: int, recipients: Sequence[str]) -> None:
        """Let it take so many mails and hand none of them on; raises RuntimeError."""
        load = Load(self.port, recipients, count, size, SESSIONS)
        asyncio.run(load.run())
        if waiting := count - len(list((self.folder / "queue" / "incoming").iterdir())):
            raise RuntimeError(f"Postfix keeps {waiting} mails too few")

    def hand_on(self) -> None:
        """Start what empties the queue."""
        self._serve(SERVICES + HANDS_ON)
        self._run("postfix", "reload")

    def _serve(self, services: str) -> None:
        (self._config / "master.cf").write_text(services.format(port=self.port))

    def _run(self, command: str, *args: str) -> None:
        full = [f"{COMMANDS}/{command}", "-c", str(self._config), *args]
        done = subprocess.run(full, capture_output=True, text=True, check=False)  # noqa: S603 (of this bench)
        if done.returncode:
            raise RuntimeError(f"{' '.join(full)}: {done.stdout}{done.stderr}")
