import threading
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import clock as ours
from mailstore import codes, factors
from mailstore.accounts import Account
from mailstore.codes import CodeKind
from mailstore.events import Event
from mailstore.store import Store
from tests.factories import a_mailbox, an_account

STEP = timedelta(seconds=30)
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # noqa: S105 (of RFC 6238, appendix B)


@pytest.fixture
def account(store: Store) -> Account:
    with store.write() as db:
        return an_account(db, a_mailbox(db))


def now_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(ours.now(), counter_offset=steps)


def turned_on(store: Store, account: Account, secret: str, code: str) -> bool:
    with store.write() as db:
        mine = db.get_one(Account, account.id)
        return factors.turn_on(db, store.ring, mine, secret, code, by="anna")


def fits(store: Store, account: Account, code: str) -> bool:
    with store.write() as db:
        return factors.fits(db, store.ring, account.id, code)


@pytest.fixture
def secret(clock: Traveller, store: Store, account: Account) -> str:
    """Turn the second factor on, some steps ago."""
    made = factors.new_secret()
    assert turned_on(store, account, made, now_of(made))
    clock.shift(10 * STEP)
    return made


def test_what_the_app_reads_names_account_and_portal() -> None:
    account = Account(email="anna@muster.example")
    parts = urlsplit(factors.uri(account, RFC_SECRET, "Muster AG"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    asked = parse_qs(parts.query)
    assert (asked["secret"], asked["issuer"]) == ([RFC_SECRET], ["Muster AG"])


@pytest.mark.parametrize(("second", "code"), [(59, "287082"), (1111111109, "081804"),
                                              (20000000000, "353130")])  # fmt: skip
def test_codes_are_those_of_the_standard(
    clock: Traveller, store: Store, account: Account, second: int, code: str
) -> None:
    clock.move_to(second)
    assert turned_on(store, account, RFC_SECRET, code)


def test_it_is_turned_on_by_a_code_that_fits(
    clock: Traveller, store: Store, account: Account
) -> None:
    made = factors.new_secret()
    wrong = next(each for each in ("000000", "000001", "000002", "000003")
                 if each not in {now_of(made, steps) for steps in (-1, 0, 1)})  # fmt: skip
    assert not turned_on(store, account, made, wrong)
    assert turned_on(store, account, made, f" {now_of(made)[:3]} {now_of(made)[3:]} ")
    with store.read() as db:
        row = db.get_one(Account, account.id)
        assert factors.is_on(row)
        assert made not in row.totp_secret
        (event,) = db.scalars(select(Event).where(Event.kind == "second_factor_on"))
    assert (event.by, event.tenant_id) == ("anna", account.tenant_id)


def test_the_code_that_turned_it_on_signs_nobody_in(
    clock: Traveller, store: Store, account: Account
) -> None:
    made = factors.new_secret()
    code = now_of(made)
    turned_on(store, account, made, code)
    assert not fits(store, account, code)


@pytest.mark.parametrize(
    ("steps", "fit"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_fits_one_step_early_or_late(
    store: Store, account: Account, secret: str, steps: int, fit: bool
) -> None:
    assert fits(store, account, now_of(secret, steps)) is fit


def test_no_step_is_taken_twice_nor_an_older_one_later(
    clock: Traveller, store: Store, account: Account, secret: str
) -> None:
    older, code = now_of(secret, -1), now_of(secret)
    assert fits(store, account, code)
    assert not fits(store, account, code)
    assert not fits(store, account, older)
    clock.shift(STEP)
    assert fits(store, account, now_of(secret))


def test_of_many_at_once_one_gets_in(store: Store, account: Account, secret: str) -> None:
    code, got = now_of(secret), []
    threads = [
        threading.Thread(target=lambda: got.append(fits(store, account, code))) for _ in range(6)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(got) == [False] * 5 + [True]


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "1e1000"])
def test_what_is_no_code_does_not_fit(
    store: Store, account: Account, secret: str, code: str
) -> None:
    assert not fits(store, account, code)


def test_turned_off_no_code_fits_and_recovery_codes_are_gone(
    store: Store, account: Account, secret: str
) -> None:
    with store.write() as db:
        mine = db.get_one(Account, account.id)
        codes.make_recovery(db, mine, by="anna")
        codes.make_emergency(db, mine, by="beat")
        factors.turn_off(db, mine, by="anna")
        assert codes.left(db, account.id, CodeKind.RECOVERY) == 0
        assert codes.left(db, account.id, CodeKind.EMERGENCY) == 1
        assert not factors.is_on(db.get_one(Account, account.id))
    assert not fits(store, account, now_of(secret))


def test_without_a_second_factor_nothing_fits(store: Store, account: Account) -> None:
    assert not fits(store, account, "123456")
    assert not fits(store, Account(id=999), "123456")
