"""The second factor: codes of an app that change every half minute (TOTP, RFC 6238)."""

import pyotp
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from mailstore import clock, events
from mailstore.accounts import Account
from mailstore.codes import AccessCode, CodeKind
from mailstore.keys import KeyRing

STEPS_BESIDE = 1
DIGITS = 6


def new_secret() -> str:
    """Return a fresh secret as apps take it (base32)."""
    return pyotp.random_base32()


def uri(account: Account, secret: str, issuer: str) -> str:
    """Return what the picture for the app says (otpauth)."""
    return pyotp.TOTP(secret).provisioning_uri(name=account.email, issuer_name=issuer)


def is_on(account: Account) -> bool:
    """Whether this account asks for a second factor."""
    return account.totp_secret != ""


def turn_on(
    db: Session, ring: KeyRing, account: Account, secret: str, code: str, *, by: str
) -> bool:
    """Ask for codes of this secret from now on; False if the code is not one of them."""
    step = _step_of(secret, code)
    if step is None:
        return False
    wrapped = ring.wrap(secret.encode())
    _set(db, account, wrapped, step)
    events.record(
        db, "second_factor_on", tenant_id=account.tenant_id, by=by, detail={"account": account.id}
    )
    return True


def turn_off(db: Session, account: Account, *, by: str) -> None:
    """Ask for no second factor any more; codes for its loss are worth nothing then."""
    _set(db, account, "", 0)
    db.execute(
        delete(AccessCode).where(
            AccessCode.account_id == account.id, AccessCode.kind == CodeKind.RECOVERY
        )
    )
    events.record(
        db, "second_factor_off", tenant_id=account.tenant_id, by=by, detail={"account": account.id}
    )


def fits(db: Session, ring: KeyRing, account_id: int, code: str) -> bool:
    """Whether this is a code of now, one step early or late; wants a writing session.

    Its step is taken with it, so that no code opens twice (RFC 6238 §5.2).
    """
    account = db.get(Account, account_id)
    if account is None or not is_on(account):
        return False
    step = _step_of(ring.unwrap(account.totp_secret).decode(), code)
    if step is None:
        return False
    taken = db.scalar(
        update(Account)
        .where(
            Account.id == account_id,
            Account.totp_secret == account.totp_secret,
            Account.totp_step < step,
        )
        .values(totp_step=step)
        .returning(Account.id)
        .execution_options(synchronize_session=False)
    )
    return taken is not None


def _set(db: Session, account: Account, wrapped: str, step: int) -> None:
    db.execute(
        update(Account)
        .where(Account.id == account.id)
        .values(totp_secret=wrapped, totp_step=step)
        .execution_options(synchronize_session=False)
    )
    account.totp_secret, account.totp_step = wrapped, step


def _step_of(secret: str, code: str) -> int | None:
    said = "".join(code.split())
    if len(said) != DIGITS or not (said.isascii() and said.isdigit()):
        return None
    app, now = pyotp.TOTP(secret), clock.now()
    middle = app.timecode(now)
    for step in range(middle - STEPS_BESIDE, middle + STEPS_BESIDE + 1):
        if pyotp.utils.strings_equal(said, app.generate_otp(step)):
            return step
    return None
