"""The sweep: once a second it finds whatever rows say is due, and asks for the jobs.

Whoever asked before may have died; rows are the truth, so nothing is lost with a job.
"""

import threading
import time

import structlog

from filter import watching
from mailstore import (
    atonce,
    bulk,
    claims,
    clock,
    deadletters,
    incidents,
    lessons,
    notices,
    overdue,
    releases,
    requestnews,
    requests,
    resets,
    restores,
    subscriptions,
    welcomes,
)
from mailstore.db import storage_broke
from mailstore.erasure import exports
from mailstore.jobs import Jobs
from mailstore.moving import rows as moving
from mailstore.naming import checks
from mailstore.naming import claims as domain_claims
from mailstore.reports import planning
from mailstore.search import indexing
from mailstore.sending import blocks, homecomings
from mailstore.store import Store
from mailstore.writing import departures

log = structlog.get_logger()

EVERY = 1.0
WATCH_EVERY = 60.0
EXPIRE_EVERY = 3600.0


def sweep(store: Store, jobs: Jobs) -> None:
    """Ask for the jobs of all that is due."""
    now = clock.now()
    with store.read() as db:
        lanes = claims.due_lanes(db, now)
        reports = planning.due(db, now)
        told = atonce.due(db, now)
        taught = lessons.due(db, now)
        released = releases.due(db, now)
        unknown = indexing.due(db, now)
        written = departures.due(db, now)
        welcome = welcomes.due(db, now)
        asked: list[tuple[str | int, ...]] = [
            *(("drain", each) for each in lanes),
            *((overdue.BOUNCE, each) for each in overdue.untold(db, now)),
            *((incidents.SPREAD, each) for each in incidents.untold(db)),
            *notices.due(db, now),
            *((requests.TELL, each) for each in requestnews.due(db, now)),
            *((blocks.TELL, each) for each in blocks.due(db, now)),
            *((restores.JOB, each) for each in restores.left(db)),
            *((homecomings.JOB, each) for each in homecomings.due(db, now)),
            *((resets.JOB, each) for each in resets.due(db, now)),
            *((subscriptions.JOB, each) for each in subscriptions.due(db, now)),
            *((domain_claims.JOB, each) for each in domain_claims.due(db, now)),
            *checks.due(db, now),
            *((exports.JOB, each) for each in exports.due(db, now)),
            *([(exports.END,)] if exports.are_over(db, now) else ()),
            *(("run_bulk", each) for each in bulk.stale(db, now)),
            *((moving.JOB, each) for each in moving.stale(db, now)),
            *([(planning.JOB,)] if reports else ()),
            *([(welcomes.JOB,)] if welcome else ()),
            *([(atonce.JOB,)] if told else ()),
            *([(lessons.JOB,)] if taught else ()),
            *([(releases.JOB,)] if released else ()),
            *([(indexing.JOB,)] if unknown else ()),
            *([(departures.JOB,)] if written else ()),
        ]
        resting = deadletters.resting(db)
    for name, *ids in asked:
        if (name, *ids) not in resting:
            jobs.enqueue(str(name), *map(int, ids))


def work(store: Store, jobs: Jobs, stop: threading.Event) -> bool:
    """Sweep until told to stop; False if storage failed and the process must end."""
    expired_at, watched_at = -EXPIRE_EVERY, -WATCH_EVERY
    while not stop.wait(EVERY):
        try:
            sweep(store, jobs)
            if time.monotonic() - watched_at >= WATCH_EVERY:
                watched_at = time.monotonic()
                watching.look(store)
        except Exception as error:
            log.exception("sweep_failed")
            if storage_broke(error):
                store.broken.set()
        if store.broken.is_set():
            log.critical("storage_failed")
            return False
        if time.monotonic() - expired_at >= EXPIRE_EVERY:
            expired_at = time.monotonic()
            jobs.enqueue("expire")
    return True
