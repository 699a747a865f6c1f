import hashlib
import threading
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from mailstore import hashing, passwords, sessions
from mailstore.accounts import Account
from mailstore.hashing import MOST_AT_ONCE
from mailstore.passwords import LONGEST, Weakness, WeakPassword
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests import tries
from tests.factories import ANNA, a_mailbox, an_account

GOOD = "correct horse battery"


@pytest.fixture(scope="module")
def hashed() -> str:
    return passwords.hash_password(GOOD)


def account_with(hashed: str | None, *, active: bool = True) -> Account:
    return Account(email=ANNA, password_hash=hashed, active=active)


def test_a_password_is_stored_as_argon2id_with_a_salt(hashed: str) -> None:
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.hash_password(GOOD) != hashed


def test_the_right_password_fits(hashed: str) -> None:
    assert passwords.fits(account_with(hashed), GOOD)


@pytest.mark.parametrize("tried", ["", GOOD.upper(), GOOD + "x", GOOD * 100, "\ud800"])
def test_another_password_does_not_fit(hashed: str, tried: str) -> None:
    assert not passwords.fits(account_with(hashed), tried)


def test_nobody_and_the_inactive_do_not_get_in(hashed: str) -> None:
    assert not passwords.fits(None, GOOD)
    assert not passwords.fits(account_with(hashed, active=False), GOOD)
    assert not passwords.fits(account_with(None), GOOD)
    assert not passwords.fits(account_with("not a hash"), GOOD)


def test_only_so_many_hashes_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting:
        now, most = 0, 0

        def hash(self, _secret: bytes) -> str:
            Counting.now += 1
            Counting.most = max(Counting.most, Counting.now)
            time.sleep(0.05)
            Counting.now -= 1
            return ""

    monkeypatch.setattr(hashing, "_HASHER", Counting())
    threads = [threading.Thread(target=hashing.hashed, args=("x",)) for _ in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert Counting.most == MOST_AT_ONCE == 4


@pytest.mark.parametrize("size", [0, 9, LONGEST + 1])
def test_a_password_too_short_or_too_long_cannot_be_set(size: int) -> None:
    with pytest.raises(WeakPassword, match="10 to 1024"):
        passwords.hash_password("x" * size)
    with pytest.raises(WeakPassword, match="10 to 1024"):
        passwords.check("x" * size, [], None)


GUESSABLE = {
    "a row of digits": "1234567890",
    "of the keyboard": "qwertyuiop",
    "the word itself": "password123",
    "one sign": "a" * 40,
    "the product": "mailhafen1",
    "the address": "anna@muster.example",
    "the name": "annakeller",
    "the tenant": "Muster2026",
}


@pytest.mark.parametrize("password", GUESSABLE.values(), ids=GUESSABLE)
def test_what_others_would_guess_cannot_be_set(password: str) -> None:
    account = Account(email="anna@muster.example", name="Anna Keller")
    tenant = Tenant(name="Muster AG")
    with pytest.raises(WeakPassword) as raised:
        passwords.check(password, passwords.words_about(account, tenant), None)
    assert raised.value.why is Weakness.GUESSABLE


@pytest.mark.parametrize(
    "password",
    [GOOD, "drei nasse Regenschirme", "ÄÖÜäöü§ßéèà", "パスワード新しい鍵です", "x7$ Kq!pZ2 w",
     "a1" * 3 + "Zr%8" * 200],
    ids=["words", "German", "umlauts", "another script", "signs", "long"],
)  # fmt: skip
def test_any_characters_may_be_used(password: str) -> None:
    assert passwords.check(password, [ANNA], None) == password


def test_words_of_one_person_are_not_words_of_the_next() -> None:
    with pytest.raises(WeakPassword):
        passwords.check("zvonimirkq", ["zvonimirkq"], None)
    assert passwords.check("zvonimirkq", [], None)


def listed(path: Path, stolen: list[str], end: str = "\r\n") -> Path:
    """Write a list in the format of Pwned Passwords."""
    digests = sorted(hashlib.sha1(each.encode()).hexdigest().upper() for each in stolen)  # noqa: S324 (the format)
    path.write_text("".join(f"{each}:{number}{end}" for number, each in enumerate(digests, 1)),
                    newline="")  # fmt: skip
    return path


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 1000])
def test_exactly_what_is_on_the_list_is_found(tmp_path: Path, size: int, end: str) -> None:
    stolen = [f"stolen number {number}" for number in range(size)]
    path = listed(tmp_path / "list", stolen, end)
    assert all(passwords.is_listed(path, each) for each in stolen)
    assert not any(passwords.is_listed(path, f"own number {number}") for number in range(200))


def test_a_stolen_password_cannot_be_set(tmp_path: Path) -> None:
    path = listed(tmp_path / "list", [GOOD])
    with pytest.raises(WeakPassword) as raised:
        passwords.check(GOOD, [], path)
    assert raised.value.why is Weakness.BREACHED


def test_a_list_that_is_gone_stops_nobody_and_is_logged(tmp_path: Path) -> None:
    with capture_logs() as logs:
        assert passwords.check(GOOD, [], tmp_path / "gone") == GOOD
    assert [each["event"] for each in logs] == ["breached_passwords_unreadable"]


def test_setting_a_password_ends_sessions_but_the_one_that_is_named(store: Store) -> None:
    with store.write() as db:
        account = an_account(db, a_mailbox(db))
        tokens = [sessions.start(db, account, "Firefox") for _ in range(3)]
        passwords.set_hash(db, account, "$new", by="test", but=tokens[1])
        alive = [token for token in tokens if tries.account_of(db, token)]
        assert alive == [tokens[1]]
        passwords.set_hash(db, account, None, by="test")
        assert sessions.of_account(db, account.id) == []
