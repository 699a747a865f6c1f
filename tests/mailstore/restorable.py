"""A mailbox of ours that lies on Dovecot too, and copies of its mail that go back there."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import update

from mailstore import restores, restoring
from mailstore.deliveries import Delivery
from mailstore.domains import Domain
from mailstore.envelopes import Summary
from mailstore.imap import Login
from mailstore.restores import Restore
from mailstore.sandbox import ROOT
from mailstore.settings import PREFIX
from mailstore.store import Store
from tests.authority import Authority
from tests.daemons import HERE
from tests.dovecot import MASTER, MASTER_PASSWORD, PASSWORD, Dovecot, Kept
from tests.factories import NOON, RAW, a_domain, a_mailbox, an_accepted, as_environment

FOLDER = "Wiederhergestellt/Ärger"
# What stands above a mail that is restored: a delivery brings it too.
OURS = b"Received: by mx.mailhafen.test\r\n"


def raw(number: int) -> bytes:
    """Return a mail that has an id of its own, and what a careless program would change."""
    numbered = RAW.replace(b"<1@there.example>", b"<%d@there.example>" % number)
    return numbered + b".\r\n..\r\n\xff\r\n"


class Restorable:
    """Somebody's mailbox, which is empty there; the domain names the server and no master."""

    def __init__(self, store: Store, dovecot: Dovecot, authority: Authority) -> None:
        self.store, self._dovecot = store, dovecot
        store.settings = store.settings.model_copy(update={"tls_authorities": authority.file})
        with store.write() as db:
            domain = a_domain(db, next_hop=f"lmtp:{HERE}:{dovecot.lmtp}")
            domain.imap_server = f"{HERE}:{dovecot.imap}"
            self.mailbox = a_mailbox(db, dovecot.person())
        self.login = Login(self.mailbox.address, PASSWORD)

    def copies(self, count: int) -> list[Delivery]:
        """Return so many mails of `raw`, one an hour."""
        return [
            self.copy(raw(each), f"<{each}@there.example>", hours=each) for each in range(count)
        ]

    def copy(self, content: bytes, message_id: str, *, hours: int = 0) -> Delivery:
        """Return a mail that came some hours after NOON."""
        summary, at = Summary(message_id=message_id), NOON + timedelta(hours=hours)
        return an_accepted(self.store, self.mailbox, raw=content, at=at, summary=summary)

    def kept(self, folder: str = FOLDER) -> Sequence[Kept]:
        """Return what lies in a folder there."""
        return self._dovecot.kept(self.mailbox.address, folder)

    def folders(self) -> set[str]:
        return self._dovecot.folders(self.mailbox.address)

    def begin(self, wanted: Sequence[Delivery], folder: str = FOLDER) -> int:
        """Begin a restore that nobody works on yet, and return its id."""
        box, ids = self.mailbox, [each.id for each in wanted]
        with self.store.write() as db:
            return restores.begin(db, box.tenant_id, box.id, folder, ids, by="anna")

    def restored(self, wanted: Sequence[Delivery], folder: str = FOLDER) -> Restore:
        """Restore by the password, and return what came of it."""
        begun = self.begin(wanted, folder)
        restoring.run(self.store, begun, self.login)
        return self.row(begun)

    def row(self, restore_id: int) -> Restore:
        with self.store.read() as db:
            return db.get_one(Restore, restore_id)

    def leave(self, restore_id: int) -> None:
        """Leave a restore to the worker."""
        with self.store.write() as db:
            restores.leave(db, restore_id)

    def left(self) -> Sequence[int]:
        """Return what a worker would find."""
        with self.store.read() as db:
            return restores.left(db)

    def change(self, **values: object) -> None:
        """Change what the domain says of its server."""
        with self.store.write() as db:
            db.execute(update(Domain).values(**values))

    def trust_master(self, password: str = MASTER_PASSWORD) -> None:
        """Let the domain have a master login."""
        self.change(imap_master=MASTER, imap_secret=self.store.ring.wrap(password.encode()))


def dies(store: Store, job: str, its_id: int, number: int) -> int:
    """Let a process of its own do a job until so many mails are there; return how it ended."""
    own = as_environment(store.settings)
    own[f"{PREFIX}TLS_AUTHORITIES"] = str(store.settings.tls_authorities)
    command = [sys.executable, "-m", "tests.mailstore.restorer", job, str(its_id), str(number)]
    return subprocess.run(  # noqa: S603 (our own command)
        command, cwd=ROOT, env=os.environ | own, check=False
    ).returncode


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
