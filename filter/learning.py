"""Learning: the worker counts what people said of mails, a command what an operator has.

A mail is foreign content, so a sandboxed child makes its tokens (`filter.tokens`), here as in
the relay.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile

import click
import structlog

from mailstore import bayes, events, lessons, tenants
from mailstore.cli import OPERATOR, open_store, speaks
from mailstore.errors import Corrupt, NotFound, SandboxFailed
from mailstore.jobs import job
from mailstore.sandbox import Sandbox
from mailstore.store import Store

log = structlog.get_logger()

CHILD = "filter.tokens"
SECONDS = 10.0
# As many as keep the relay waiting for a tenth of a second at most where there is one writer.
AT_ONCE = 20


class Reader:
    """Makes the tokens of mails in a sandboxed child, which starts with the first."""

    def __init__(self, store: Store) -> None:
        self._sandbox = Sandbox(CHILD)
        self._folder = store.settings.spool_folder
        self.close = self._sandbox.close

    def tokens(self, key: bytes, chunks: Iterable[bytes]) -> list[int]:
        """Return the tokens of a mail, or raise SandboxFailed where it is too much."""
        with TemporaryFile(dir=self._folder) as file:
            file.writelines(chunks)
            file.flush()
            args = {"key": key.hex()}
            said = self._sandbox.call("tokens", args, file.fileno(), seconds=SECONDS)
        return [int(token) for token in said]


@job
def learn_lessons(store: Store) -> None:
    """Learn what people said of their mail; may run twice, and may be cut off anywhere."""
    with closing(Reader(store)) as reader:
        while _learn_one(store, reader):
            pass


def _learn_one(store: Store, reader: Reader) -> bool:
    """Learn the lesson that waits longest; False if none does."""
    with store.write() as db:
        lesson = lessons.claim(db)
        if lesson is None:
            return False
        key = bayes.make_token_key(db, store.ring)
    try:
        tokens = reader.tokens(key, store.content(lesson.delivery.message))
    except SandboxFailed as error:
        log.warning("lesson_unreadable", delivery=lesson.delivery_id, error=str(error))
        return True
    except (NotFound, Corrupt) as error:
        log.info("lesson_dropped", delivery=lesson.delivery_id, error=str(error))
        with store.write() as db:
            lessons.drop(db, lesson)
        return True
    with store.write() as db:
        lessons.finish(db, lesson, tokens)
    return True


FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--spam", type=FOLDER, multiple=True, help="Folder of spam, a file each; repeatable.")
@click.option("--ham", type=FOLDER, multiple=True, help="Folder of good mail; repeatable.")
@click.option("--tenant", default="", help="Learn for this customer only, not for all.")
@speaks
def learn(spam: tuple[Path, ...], ham: tuple[Path, ...], tenant: str) -> None:
    """Teach the filter with mail that somebody sorted; what is given twice counts twice."""
    store = open_store()
    with store.read() as db:
        tenant_id = tenants.named(db, tenant) if tenant else None
    with closing(Reader(store)) as reader:
        for kind, folders in (("spam", spam), ("ham", ham)):
            files = sorted(file for each in folders for file in each.rglob("*") if file.is_file())
            learned = learn_files(store, reader, tenant_id, files, as_spam=kind == "spam")
            left = f"; {len(files) - learned} could not be read" if learned < len(files) else ""
            click.echo(f"Learned {learned} of {kind}{left}.")


def learn_files(
    store: Store, reader: Reader, tenant_id: int | None, files: Iterable[Path], *, as_spam: bool
) -> int:
    """Learn mails in files, for a tenant or without one for all; return how many were read."""
    with store.write() as db:
        key = bayes.make_token_key(db, store.ring)
    learned, waiting = 0, iter(files)
    while batch := list(islice(waiting, AT_ONCE)):
        read = list(_read(reader, key, batch))
        with store.write() as db:
            for tokens in read:
                bayes.learn(db, tenant_id, tokens, as_spam=as_spam)
            kind = {"mails": len(read), "as_spam": as_spam}
            events.record(db, "learned", by=OPERATOR, tenant_id=tenant_id, detail=kind)
        learned += len(read)
    return learned


def _read(reader: Reader, key: bytes, files: Iterable[Path]) -> Iterator[list[int]]:
    for file in files:
        try:
            yield reader.tokens(key, [as_received(file.read_bytes())])
        except SandboxFailed as error:
            log.warning("mail_unreadable", file=str(file), error=str(error))


def as_received(raw: bytes) -> bytes:
    """Return a mail from a file as SMTP would bring it: strict line ends, no line of an mbox."""
    if raw.startswith(b"From "):
        raw = raw.partition(b"\n")[2]
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
