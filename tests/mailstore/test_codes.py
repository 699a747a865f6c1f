import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import codes, hashing
from mailstore.accounts import Account
from mailstore.codes import KEPT, RECOVERIES, AccessCode, CodeKind
from mailstore.events import Event
from mailstore.store import Store
from tests import tries
from tests.factories import a_mailbox, an_account

EMERGENCY, RECOVERY = CodeKind.EMERGENCY, CodeKind.RECOVERY
DAY = timedelta(days=1)


@pytest.fixture
def account(store: Store) -> Account:
    with store.write() as db:
        return an_account(db, a_mailbox(db))


def emergency(store: Store, account: Account) -> str:
    with store.write() as db:
        return codes.make_emergency(db, db.get_one(Account, account.id), by="beat")


def recovery(store: Store, account: Account) -> list[str]:
    with store.write() as db:
        return codes.make_recovery(db, db.get_one(Account, account.id), by="anna")


def use(store: Store, account: Account | None, text: str, kind: CodeKind = EMERGENCY) -> bool:
    with store.write() as db:
        return tries.use_code(db, account.id if account else None, kind, text)


def left(store: Store, account: Account, kind: CodeKind = EMERGENCY) -> int:
    with store.read() as db:
        return codes.left(db, account.id, kind)


def test_a_code_is_four_groups_of_signs_that_nobody_confuses(
    store: Store, account: Account
) -> None:
    for code in (emergency(store, account), *recovery(store, account)):
        assert [len(group) for group in code.split("-")] == [4] * 4
        assert not set(code) & set("01ILOUV")
        assert codes.looks_like_code(code)


def test_only_a_hash_of_its_secret_is_kept(store: Store, account: Account) -> None:
    groups = emergency(store, account).split("-")
    with store.read() as db:
        row = db.scalars(select(AccessCode)).one()
    assert row.selector == groups[0]
    assert row.secret_hash.startswith("$argon2id$")
    assert row.made_by == "beat"


def test_a_code_is_used_once(store: Store, account: Account) -> None:
    code = emergency(store, account)
    assert left(store, account) == 1
    assert [use(store, account, code) for _ in range(2)] == [True, False]
    assert left(store, account) == 0
    with store.read() as db:
        kinds = db.scalars(select(Event.kind).where(Event.kind.contains("code"))).all()
    assert kinds == ["emergency_code_made", "emergency_code_used"]


def test_of_many_at_once_one_uses_it(store: Store, account: Account) -> None:
    code, used = emergency(store, account), []
    threads = [
        threading.Thread(target=lambda: used.append(use(store, account, code))) for _ in range(6)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(used) == [False] * 5 + [True]


@pytest.mark.parametrize(
    "typed",
    [str.lower, lambda code: code.replace("-", ""), lambda code: f"\t{code.replace('-', '  ')}\n"],
    ids=["small letters", "no dashes", "blanks"],
)
def test_how_it_is_typed_makes_no_difference(
    store: Store, account: Account, typed: Callable[[str], str]
) -> None:
    assert use(store, account, typed(emergency(store, account)))


def test_another_code_or_account_or_kind_does_not_fit(store: Store, account: Account) -> None:
    code = emergency(store, account)
    other = code[:-1] + ("A" if code[-1] != "A" else "B")
    for text in ("", other, code[:-1], code + "A", code[5:]):
        assert not use(store, account, text)
    assert not use(store, None, code)
    assert not use(store, Account(id=account.id + 1), code)
    assert not use(store, account, code, RECOVERY)
    assert use(store, account, code)


def test_there_are_ten_recovery_codes_and_new_ones_end_the_old(
    store: Store, account: Account
) -> None:
    old, new = recovery(store, account), recovery(store, account)
    assert len(set(old + new)) == 2 * RECOVERIES
    assert left(store, account, RECOVERY) == RECOVERIES
    assert not use(store, account, old[0], RECOVERY)
    assert use(store, account, new[0], RECOVERY)
    assert left(store, account, RECOVERY) == RECOVERIES - 1


def test_a_new_emergency_code_ends_one_that_was_not_used(store: Store, account: Account) -> None:
    first, second = emergency(store, account), emergency(store, account)
    assert not use(store, account, first)
    assert use(store, account, second)


def test_codes_of_both_kinds_do_not_get_into_each_others_way(
    store: Store, account: Account
) -> None:
    one, ten = emergency(store, account), recovery(store, account)
    assert one[0].isdigit()
    assert all(each[0].isalpha() for each in ten)
    assert use(store, account, one)
    assert use(store, account, ten[9], RECOVERY)


@pytest.mark.parametrize(("after", "fits"), [(364 * DAY, True), (365 * DAY, False)])
def test_an_emergency_code_lives_for_a_year(
    clock: Traveller, store: Store, account: Account, after: timedelta, fits: bool
) -> None:
    code = emergency(store, account)
    clock.shift(after)
    assert left(store, account) == int(fits)
    assert use(store, account, code) is fits


@pytest.mark.parametrize("known", [True, False])
def test_exactly_one_hash_is_compared_whatever_is_known(
    store: Store, account: Account, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, asked = emergency(store, account), []
    monkeypatch.setattr(hashing, "fits", lambda *args: asked.append(args))
    use(store, account if known else None, code)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("text", "looks"),
    [("2222-AAAA-BBBB-CCCC", True), ("2222aaaabbbbcccc", True), ("2222-AAAA-BBBB-CCC0", False),
     ("2222-AAAA-BBBB", False), ("", False), ("2222-AAAA-BBBB-CCCC-DDDD", False),
     ("a long enough password", False)],
)  # fmt: skip
def test_what_looks_like_a_code(text: str, looks: bool) -> None:
    assert codes.looks_like_code(text) is looks


def test_codes_that_were_used_or_ended_long_ago_are_purged(
    clock: Traveller, store: Store, account: Account
) -> None:
    use(store, account, emergency(store, account))
    emergency(store, account)
    clock.shift(KEPT + DAY)
    with store.write() as db:
        codes.purge(db)
        assert (
            codes.left(db, account.id, EMERGENCY) == len(db.scalars(select(AccessCode)).all()) == 1
        )
    clock.shift(365 * DAY)
    with store.write() as db:
        codes.purge(db)
        assert db.scalars(select(AccessCode)).all() == []
