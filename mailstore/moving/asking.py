"""Having a file read: the child reads it, and what it says is looked at before it is believed."""

from contextlib import closing
from typing import Any

import structlog

from mailstore.errors import SandboxFailed
from mailstore.moving.values import MOST_BYTES, MOST_ROWS, BadFile, Form, Person, Table, Wrong
from mailstore.sandbox import Sandbox

log = structlog.get_logger()

CHILD = "mailstore.moving.reading"
SECONDS = 20.0
LONGEST_HEADING, MOST_HEADINGS = 60, 100


def read(raw: bytes) -> Table:
    """Return the people of a file; raises BadFile."""
    if not raw:
        raise BadFile(Wrong.EMPTY)
    if len(raw) > MOST_BYTES:
        raise BadFile(Wrong.TOO_LARGE)
    try:
        with closing(Sandbox(CHILD)) as sandbox:
            return _believed(sandbox.call("read", None, raw, seconds=SECONDS))
    except (SandboxFailed, ValueError, TypeError, KeyError) as error:
        log.warning("file_unreadable", error=str(error))
        raise BadFile(Wrong.UNREADABLE) from error


def _believed(said: Any) -> Table:
    """Return what the child says; raises BadFile if that is why not, else what is no table."""
    if "wrong" in said:
        raise BadFile(Wrong(said["wrong"]))
    people = tuple(map(Person.of_row, said["people"][: MOST_ROWS + 1]))
    ignored = [str(each)[:LONGEST_HEADING] for each in said["ignored"][:MOST_HEADINGS]]
    return Table(Form(said["form"]), people, tuple(ignored))
