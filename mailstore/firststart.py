"""The first start: the operator who administers an installation, made once and by a command."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import accounts, codes, policies
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.codes import Fresh
from mailstore.policies import PolicyRow


def has_operator(db: Session) -> bool:
    """Whether anybody administers this installation, switched off or not."""
    return db.scalar(select(Account.id).where(Account.role == Role.OPERATOR).limit(1)) is not None


def make_operator(db: Session, address: Address, made: Sequence[Fresh], *, by: str) -> str | None:
    """Make the first operator and return a code that signs them in once; None if there is one.

    Two who try at the same moment do not both succeed. Raises BadName where the address is taken.
    """
    # A row that each installation has, and that nothing else locks.
    first = select(PolicyRow.id).where(PolicyRow.id == policies.recommended(db).id)
    db.execute(first.with_for_update())
    if has_operator(db):
        return None
    account = accounts.add_account(db, address, Role.OPERATOR, None, by=by)
    return codes.make_emergency(db, account, by=by, made=made)
