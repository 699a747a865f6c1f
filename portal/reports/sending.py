"""Writing reports and queueing them: a batch at a time, each exactly once."""

import os
import subprocess
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mailstore import atonce, outbox
from mailstore.addresses import Address
from mailstore.commands import flask
from mailstore.envelopes import Recipient
from mailstore.jobs import job
from mailstore.outbox import Letter
from mailstore.packs import Place
from mailstore.recording import Accepted
from mailstore.reports import drafts, keeping, planning, reach
from mailstore.reports.drafts import Draft
from mailstore.sandbox import ROOT
from mailstore.settings import Settings
from mailstore.store import Store
from portal.mails import as_bytes
from portal.reports.rendering import Renderer

log = structlog.get_logger()

MOST_PROCESSES = 4


@dataclass(frozen=True, slots=True)
class Written:
    """A report whose mail is on disk, but not queued."""

    draft: Draft
    accepted: Accepted
    place: Place


@job
def write_reports(store: Store) -> None:
    """Write all reports that are due; safe to run twice, and to die at any moment."""
    with _company(store):
        write_due(store)


@contextmanager
def _company(store: Store) -> Iterator[None]:
    """Have other processes write along where many reports are due: one uses one processor only."""
    with store.read() as db:
        many = planning.many_due(db)
    others = min(os.cpu_count() or 1, MOST_PROCESSES) - 1 if many else 0
    company = [subprocess.Popen(flask("report", "write"), cwd=ROOT) for _ in range(others)]  # noqa: S603 (our own command)
    try:
        yield
    finally:
        for process in company:
            if store.closing.is_set():
                process.terminate()
            process.wait()


def write_due(store: Store) -> None:
    """Write reports, a batch at a time, until none is due."""
    while not store.closing.is_set():
        with store.write() as db:
            taken = planning.take(db)
        if not taken:
            return
        written, failed = write(store, taken)
        with store.write() as db:
            settled = planning.settle(db, set(taken) - failed)
            queue(db, [each for each in written if each.draft.mailbox.id in settled])
        log.info("reports_queued", reports=len(written), looked_at=len(taken), failed=len(failed))


@job
def tell_held(store: Store) -> None:
    """Tell people at once of held mail, where their policy wants that; safe to run twice."""
    with store.read() as db:
        waiting = atonce.waiting(db)
        homes = reach.homes(db, waiting)
    only: dict[int, set[int]] = defaultdict(set)
    for mailbox_id, found in homes.items():
        for home in found:
            only[home] |= waiting[mailbox_id]
    with store.write() as db:
        # Whoever was told a moment ago gets the rest together, a little later.
        for home in atonce.lately_told(db, only):
            atonce.wait(db, only.pop(home))
    written, _ = write(store, only, only={home: frozenset(ids) for home, ids in only.items()})
    with store.write() as db:
        told = atonce.take(db, frozenset[int]().union(*waiting.values()))
        queue(db, [each for each in written if told & {line.id for line in each.draft.lines.new}])


def write(
    store: Store,
    mailbox_ids: Collection[int],
    *,
    ask: bool = False,
    only: Mapping[int, frozenset[int]] | None = None,
) -> tuple[list[Written], set[int]]:
    """Render the reports that mailboxes get, durably; returns whose could not be written, too.

    One that cannot be keeps nobody else from theirs, and is tried again.
    """
    try:
        return _write(store, mailbox_ids, ask=ask, only=only), set()
    except (OSError, SQLAlchemyError):
        raise
    except Exception:
        if len(mailbox_ids) == 1:
            log.exception("report_failed", mailbox=next(iter(mailbox_ids)))
            return [], set(mailbox_ids)
    alone = [write(store, [each], ask=ask, only=only) for each in mailbox_ids]
    failed = set[int]().union(*(each for _, each in alone))
    return [each for written, _ in alone for each in written], failed


def _write(
    store: Store,
    mailbox_ids: Collection[int],
    *,
    ask: bool,
    only: Mapping[int, frozenset[int]] | None,
) -> list[Written]:
    with store.read() as db:
        made = [
            (draft, reach.recipient(db, draft.mailbox))
            for draft in drafts.drafts(db, mailbox_ids, ask=ask, only=only)
            if draft.is_wanted
        ]
    renderer = Renderer(store.settings)
    letters: list[tuple[Draft, Letter]] = []
    for draft, recipient in made:
        if recipient is None:
            log.warning("report_without_recipient", mailbox=draft.mailbox.id)
        else:
            letters.append((draft, letter(renderer, store.settings, draft, recipient)))
    stored = outbox.put_all_in_pack(store, [each for _, each in letters])
    return [Written(draft, *each) for (draft, _), each in zip(letters, stored, strict=True)]


def letter(renderer: Renderer, settings: Settings, draft: Draft, recipient: Recipient) -> Letter:
    """Return a report as it is stored."""
    mail = renderer.render(draft, recipient.address)
    author = Address.parse(settings.report_author)
    summary = outbox.summary_of(author, draft.tenant.name, str(mail["Subject"]))
    return Letter(recipient, as_bytes(mail), summary)


def queue(db: Session, written: Sequence[Written]) -> None:
    """Queue reports and keep their rows, in the caller's transaction."""
    if written:
        keeping.keep(db, [(each.draft, each.accepted.public_id) for each in written])
        outbox.queue(db, *((each.accepted, each.place) for each in written))
