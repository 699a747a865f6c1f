from collections.abc import Callable
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from mailstore import lanes
from mailstore.errors import BadName
from mailstore.lanes import Lane
from mailstore.routes import Route
from mailstore.sending import stspolicies, tlspolicies
from mailstore.sending.securing import tls
from mailstore.sending.stspolicies import Mode, Wish
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import NOON, as_environment

PIN = "a" * 64
Run = Callable[..., Result]


@pytest.fixture
def run(store: Store) -> Run:
    def run(*args: str) -> Result:
        return CliRunner().invoke(tls, args, env=as_environment(store.settings))

    return run


def asked(store: Store, domain: str) -> str:
    with store.read() as db:
        return str(tlspolicies.applying(db, domain) or "")


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ("there.example", "must"),
        ("mail.there.example", "may"),
        ("a.mail.there.example", "may"),
        ("a.pinned.there.example", f"pin:{PIN}"),
        ("pinned.there.example", "may"),
        ("elsewhere.example", ""),
        ("notthere.example", ""),
    ],
)
def test_the_nearest_policy_counts(store: Store, domain: str, found: str) -> None:
    with store.write() as db:
        for name, safety in (
            ("there.example", "must"),
            (".there.example", "may"),
            (".Pinned.There.Example", f"pin:{PIN}"),
        ):
            tlspolicies.put(db, name, safety, by="test")
    assert asked(store, domain) == found


def test_a_policy_is_changed_and_removed(store: Store) -> None:
    for safety in ("must", f"pin:{PIN}", "may"):
        with store.write() as db:
            tlspolicies.put(db, "there.example", safety, by="test")
        assert asked(store, "there.example") == safety
    for removed in (True, False):
        with store.write() as db:
            assert tlspolicies.remove(db, "there.example", by="test") is removed


@on_sqlite
@pytest.mark.parametrize("safety", ["", "none", "pin:", "pin:xyz", "must "])
def test_another_word_is_refused(store: Store, safety: str) -> None:
    with store.write() as db, pytest.raises(BadName):
        tlspolicies.put(db, "there.example", safety, by="test")


@on_sqlite
def test_policies_are_set_listed_and_removed_by_command(store: Store, run: Run) -> None:
    with store.write() as db:
        wish = Wish(Mode.ENFORCE, ("mx.b.example", "*.b.example"), timedelta(days=1))
        stspolicies.keep(db, "b.example", "1", wish)
    assert run("set", "A.example", "must").output == "Mail to A.example goes by tls=must now.\n"
    own, heard = run("list").output.splitlines()
    assert own == "a.example  must"
    assert heard.startswith("b.example  MTA-STS enforce until ")
    assert heard.endswith(" UTC  mx.b.example *.b.example")
    assert run("remove", "a.example").exit_code == 0
    assert run("remove", "a.example").exit_code == 2


@on_sqlite
def test_strangers_that_get_no_mail_are_listed_with_the_reason(store: Store, run: Run) -> None:
    with store.write() as db:
        for name in ("a.example", "b.example"):
            lanes.lane_to(db, Route.by_mx(name), named_by=lanes.NOBODY)
        failing = {"failing_since": NOON, "last_error": "no TLS: certificate has expired"}
        db.execute(update(Lane).where(Lane.route == "mx:a.example:25").values(**failing))
    since = f"{NOON:%Y-%m-%d %H:%M} UTC"
    line = f"mx:a.example:25  since {since}: no TLS: certificate has expired\n"
    assert run("waiting").output == line
