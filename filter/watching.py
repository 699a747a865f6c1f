"""What the operator is told of: a full disk, silent scanners, certificates, old mail, the clock.

Looked at once a minute; each begins an incident, and ends it, and is told once.
"""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from cryptography import x509
from sqlalchemy import func
from sqlalchemy.orm import Session

from mailstore import clock, incidents, jobs, overdue, pulse, scanners
from mailstore.incidents import IncidentKind
from mailstore.overdue import due_for_long
from mailstore.reports import planning
from mailstore.settings import Settings
from mailstore.store import Store

log = structlog.get_logger()

CERTIFICATE_DAYS = 14
OLD = timedelta(hours=1)
WATCHED = (
    IncidentKind.DISK,
    IncidentKind.SCANNER,
    IncidentKind.CERTIFICATE,
    IncidentKind.QUEUE,
    IncidentKind.CLOCK,
)

Trouble = tuple[IncidentKind, str]


def look(store: Store) -> None:
    """Note that time goes by, begin and end incidents, and find what waits for too long."""
    settings, now = store.settings, clock.now()
    outside = dict(_of_this_machine(settings, now))
    with store.write() as db:
        jump = pulse.beat(db)
        if jump is not None:
            log.warning("clock_jumped", seconds=jump.total_seconds())
            jobs.after_commit(db, planning.PLAN_JOB)
        found = outside | dict(_in_rows(db, now))
        open_now = {(each.kind, each.subject) for each in incidents.open_now(db, *WATCHED)}
        for kind, subject in found.keys() - open_now:
            incidents.begin(db, kind, subject, found[kind, subject])
        for kind, subject in open_now - found.keys():
            incidents.end(db, kind, subject)
    _late(store, now)


def _late(store: Store, now: datetime) -> None:
    settings = store.settings
    steps = (
        (overdue.find_delayed, now - timedelta(hours=settings.delay_hours)),
        (overdue.give_up, now - timedelta(days=settings.outage_days)),
        (overdue.give_up_abroad, now - timedelta(days=settings.give_up_days)),
    )
    for step, before in steps:
        while True:
            with store.write() as db:
                done = step(db, before)
            if done < overdue.BATCH:
                break


def _of_this_machine(settings: Settings, now: datetime) -> Iterator[tuple[Trouble, str]]:
    found = os.statvfs(settings.data_dir)
    free = found.f_bavail * found.f_frsize
    if free < settings.min_free_bytes:
        yield (IncidentKind.DISK, str(settings.data_dir)), f"{free // 2**20} MiB free"
    if why := settings.tls_cert and _certificate_trouble(settings.tls_cert, now):
        yield (IncidentKind.CERTIFICATE, str(settings.tls_cert)), why


def _certificate_trouble(path: Path, now: datetime) -> str:
    try:
        ends = x509.load_pem_x509_certificates(path.read_bytes())[0].not_valid_after_utc
    except (OSError, ValueError, IndexError):
        return "it cannot be read"
    left = ends - now
    return "" if left > timedelta(days=CERTIFICATE_DAYS) else f"it ends {ends:%Y-%m-%d %H:%M} UTC"


def _in_rows(db: Session, now: datetime) -> Iterator[tuple[Trouble, str]]:
    for scanner in scanners.silent(db):
        yield (IncidentKind.SCANNER, scanner.name), scanner.why
    old = db.scalar(due_for_long(now - OLD, now).with_only_columns(func.count()))
    if old:
        yield (IncidentKind.QUEUE, ""), f"{old} mails are due for more than an hour"
    if not pulse.settled(db):
        yield (IncidentKind.CLOCK, ""), "time jumped, or no worker ran for an hour"
