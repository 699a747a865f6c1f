"""What the pages of administrators lead to."""

from mailstore import accounts
from mailstore.store import Store
from tests.mailstore.curation.lists import an_upload


def of_office(store: Store, email: str) -> dict[str, object]:
    """Return the values of routes that lead to something of an administrator's own."""
    with store.read() as db:
        account = accounts.named(db, email)
    return {"upload_id": an_upload(store, account)}
