"""What the pages of administrators and of the operator show in the tests of all pages."""

from mailstore import accounts
from mailstore.accounts import Role
from mailstore.addresses import Address
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.browser import moving
from tests.browser.looked_at import a_moved_domain
from tests.browser.troubles import LONG
from tests.factories import BEAT, with_factor
from tests.mailstore.curation.lists import an_upload
from tests.portal.owning import an_export
from tests.portal.policing import in_use

ROOT = "root@ops.example"


def administered(store: Store, anna: Mailbox) -> dict[str, object]:
    """Add an operator, and something for each page; return what their addresses name."""
    with store.write() as db:
        root = Address.parse(ROOT)
        with_factor(accounts.add_account(db, root, Role.OPERATOR, None, by="test"))
        beat = accounts.named(db, BEAT)
    return {
        "tenant_id": anna.tenant_id,
        "upload_id": an_upload(store, beat),
        "export_id": an_export(store, beat),
        "policy_id": in_use(store, anna, LONG),
        **a_moved_domain(store, anna),
        **moving.seed(store),
    }
