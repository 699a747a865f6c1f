"""The command of the worker: it sweeps, runs jobs in threads, and hears who asks for them."""

import signal
import sys
import threading

import click

from filter import delivery, sweep
from filter.bounce import write_bounce
from filter.learning import learn_lessons
from filter.naming.looking import look_at_dns
from filter.naming.proving import check_claim
from filter.naming.trying import try_hop
from filter.releasing import scan_releases
from filter.telling import send_notice
from filter.written import send_written
from mailstore import bulk, deadletters, restoring, retention
from mailstore.cli import open_store, speaks
from mailstore.erasure import exports
from mailstore.moving.carrying import move_in
from mailstore.notices import spread_notices
from mailstore.pipe import PipeReader
from mailstore.redisjobs import RedisReader
from mailstore.reports.planning import plan_reports
from mailstore.search.indexing import index_mail
from mailstore.sending.bringing import bring_home
from mailstore.store import NUDGES, Store
from mailstore.threadjobs import ThreadJobs

# Imported here, so that the worker knows them.
JOBS = (
    delivery.drain,
    retention.expire,
    learn_lessons,
    index_mail,
    scan_releases,
    send_written,
    spread_notices,
    send_notice,
    write_bounce,
    restoring.restore,
    bring_home,
    bulk.run_bulk,
    exports.export_person,
    exports.end_exports,
    move_in,
    plan_reports,
    check_claim,
    look_at_dns,
    try_hop,
)


@click.command()
@speaks
def worker() -> None:
    """Deliver, report and expire; stops at SIGTERM after the jobs in progress."""
    store = open_store()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    store.settings.check_ways()
    with store.write() as db:
        deadletters.start_anew(db)
    jobs = ThreadJobs(store)
    store.jobs = jobs
    readers = _readers(store, jobs)
    well = sweep.work(store, jobs, stop)
    store.closing.set()
    for reader in readers:
        reader.close()
    jobs.close()
    if not well:
        sys.exit(1)


@click.group("jobs")
def jobs_group() -> None:
    """See what failed again and again, and let it be tried anew."""


@jobs_group.command("list")
@speaks
def jobs_list() -> None:
    """List jobs that failed and did not succeed since."""
    with open_store().read() as db:
        for each in deadletters.all_of(db):
            state = "dead" if each.is_dead else f"tried again {each.try_at:%Y-%m-%d %H:%M:%S} UTC"
            click.echo(f"{each.name} {each.ids}  {each.tries} tries, {state}: {each.error}")


@jobs_group.command("retry")
@speaks
def jobs_retry() -> None:
    """Let everything that failed be tried anew."""
    with open_store().write() as db:
        count = deadletters.start_anew(db)
    click.echo(f"{count} jobs are tried anew.")


def _readers(store: Store, jobs: ThreadJobs) -> list[PipeReader | RedisReader]:
    settings = store.settings
    readers: list[PipeReader | RedisReader] = [PipeReader(settings.data_dir / NUDGES, jobs)]
    if settings.redis_url:
        readers.append(RedisReader(settings.redis_url, jobs))
    return readers
