"""What learning adds: mail that nobody was taught with, judged after lessons from other mail."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.fernet import Fernet

from bench.corpus import HAM, SPAM, Judged
from bench.judges import Opinion, Ours
from filter.directory import Directory
from filter.learning import Reader, learn_files
from mailstore import onboarding, policies, schema
from mailstore.settings import Settings
from mailstore.store import Store

BY = "bench"


def opinions_in_folds(mails: Sequence[Judged], folds: int, lessons: int) -> list[Opinion]:
    """Return what is said of mails, in each fold of all that were not among its own lessons.

    In each fold so many ham and as many spam mails are lessons, in each other ones.
    """
    found: list[Opinion] = []
    for fold in range(folds):
        taught = [*_lessons(mails, HAM, fold, lessons), *_lessons(mails, SPAM, fold, lessons)]
        paths = {each.path for each in taught}
        with taught_with(taught) as ours:
            found += ours.opinions([each for each in mails if each.path not in paths])
    return found


@contextmanager
def taught_with(lessons: Sequence[Judged]) -> Iterator[Ours]:
    """Run with ourselves, in a new installation that was taught with these mails."""
    with TemporaryDirectory() as folder, closing(_a_store(Path(folder))) as store:
        with store.write() as db:
            policies.seed(db)
            tenant_id = onboarding.add_tenant(db, "Bench", by=BY).id
        with closing(Reader(store)) as reader:
            for label in (HAM, SPAM):
                files = [each.path for each in lessons if each.label == label]
                learn_files(store, reader, None, files, as_spam=label == SPAM)
        yield Ours(Directory(store), tenant_id)


def _lessons(mails: Sequence[Judged], label: str, fold: int, count: int) -> list[Judged]:
    """Return so many mails of a kind, spread evenly over all of them."""
    kind = [each for each in mails if each.label == label]
    return kind[fold :: max(1, len(kind) // count)][:count]


def _a_store(folder: Path) -> Store:
    key = Fernet.generate_key().decode()
    settings = Settings(data_dir=folder, secret_key=key, keys=key, hostname="mx.example.invalid")
    schema.migrate(settings)
    return Store(settings)
