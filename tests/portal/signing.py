"""What tests of signing in share: sessions as they are seen, codes, and tries that failed."""

import pyotp
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from mailstore import bearer, codes, factors, resets
from mailstore import clock as ours
from mailstore.accounts import Account
from mailstore.attempts import Attempt
from mailstore.resets import Reset
from mailstore.signins import SignIn
from mailstore.store import Store
from tests import tries
from tests.factories import a_mailbox, an_account
from tests.portal.browsing import sign_in

WRONG = "not the password"
HERE, ELSEWHERE = "127.0.0.1", "198.51.100.7"
FITS_NOT = "Address and password do not fit together."


class Phone:
    """Shows the codes of an account, and keeps its recovery codes."""

    def __init__(self, secret: str, recovery: list[str]) -> None:
        self._app, self.recovery = pyotp.TOTP(secret), recovery

    def code(self, steps: int = 0) -> str:
        return self._app.at(ours.now(), counter_offset=steps)

    def wrong(self) -> str:
        near = {self.code(steps) for steps in (-1, 0, 1)}
        return next(each for each in ("000000", "000001", "000002", "000003") if each not in near)


def a_phone(store: Store, user: Account) -> Phone:
    """Turn the second factor of an account on; the code of now is used."""
    secret = factors.new_secret()
    code = pyotp.TOTP(secret).at(ours.now())
    with store.write() as db:
        account = db.get_one(Account, user.id)
        assert factors.turn_on(db, store.ring, account, secret, code, by="test")
        recovery = codes.make_recovery(db, account, by="test")
    return Phone(secret, recovery)


def session_cookie(client: FlaskClient) -> str:
    cookie = client.get_cookie("session")
    assert cookie is not None
    return cookie.value


def is_in(client: FlaskClient) -> bool:
    return client.get("/").status_code == 200


def from_elsewhere(client: FlaskClient, address: str = ELSEWHERE) -> FlaskClient:
    """Let this browser come from another address."""
    client.environ_base["REMOTE_ADDR"] = address
    return client


def fail(store: Store, kind: str, *keys: str) -> None:
    with store.write() as db:
        tries.failed(db, kind, *keys)


def counted(store: Store, kind: str) -> list[str]:
    """Return the keys that tries of a kind count for."""
    with store.read() as db:
        return sorted(db.scalars(select(Attempt.key).where(Attempt.kind == kind)))


def sessions_of(store: Store, account: Account) -> list[SignIn]:
    with store.read() as db:
        return list(db.scalars(select(SignIn).where(SignIn.account_id == account.id)))


def an_emergency_code(store: Store, account: Account) -> str:
    with store.write() as db:
        return codes.make_emergency(db, db.get_one(Account, account.id), by="test")


def a_reset(store: Store) -> str:
    """Return the token that sets the password of a colleague."""
    with store.write() as db:
        account = an_account(db, a_mailbox(db, "dora@muster.example"))
    return a_reset_of(store, account)


def a_reset_of(store: Store, account: Account) -> str:
    """Return the token that sets the password of an account."""
    token = bearer.new_token()
    with store.write() as db:
        resets.ask(db, account)
        reset = db.scalars(select(Reset).where(Reset.account_id == account.id)).one()
        assert resets.written(db, reset.id, token)
    return token


def alter(store: Store, account: Account, **values: object) -> None:
    """Change an account's row."""
    with store.write() as db:
        for name, value in values.items():
            setattr(db.get_one(Account, account.id), name, value)


def tried(client: FlaskClient, email: str, times: int, password: str = WRONG) -> TestResponse:
    """Try a wrong password some times, and return the last answer."""
    for _ in range(times - 1):
        sign_in(client, email, password)
    return sign_in(client, email, password)
