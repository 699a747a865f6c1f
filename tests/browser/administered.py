"""What the pages of administrators and of the operator show in the tests of all pages."""

from mailstore import accounts
from mailstore.accounts import Role
from mailstore.addresses import Address
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.factories import with_factor

ROOT = "root@ops.example"


def administered(store: Store, anna: Mailbox) -> dict[str, object]:
    """Add an operator; return what addresses of their pages name."""
    with store.write() as db:
        root = Address.parse(ROOT)
        with_factor(accounts.add_account(db, root, Role.OPERATOR, None, by="test"))
    return {"tenant_id": anna.tenant_id}
