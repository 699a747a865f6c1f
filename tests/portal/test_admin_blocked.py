import pytest
from flask.testing import FlaskClient

from mailstore.mailboxes import Mailbox
from mailstore.sending.submitters import Author
from mailstore.store import Store
from tests.mailstore.sending.senders import block, of_mailbox, send
from tests.portal.browsing import happened, in_english, post, told

PAGE = "/admin/blocked/"


@pytest.fixture(autouse=True)
def _english(office: FlaskClient) -> None:
    in_english(office)


@pytest.fixture
def author(anna: Mailbox) -> Author:
    return of_mailbox(anna)


def lift(client: FlaskClient, block_id: int) -> str:
    return told(client, post(client, f"{PAGE}{block_id}/lift", PAGE))


def test_the_page_says_who_is_blocked_why_and_by_which_numbers(
    office: FlaskClient, store: Store, author: Author
) -> None:
    assert "Nobody is blocked" in office.get(PAGE).text
    send(store, author, 30)
    block(store, author)
    page = office.get(PAGE).text
    for text in ("Anna Keller", "anna@muster.example", "Too many recipients within an hour",
                 "100030 recipients within the hour.", "0 that do not exist."):  # fmt: skip
        assert text in page


def test_an_administrator_lifts_a_block_once(
    office: FlaskClient, store: Store, author: Author
) -> None:
    number = block(store, author).block.id
    assert "The block is lifted." in lift(office, number)
    assert send(store, author, 1) is None
    assert "This block is over already." in lift(office, number)
    assert [each.by for each in happened(store, "sending_block_lifted")] == ["beat@muster.example"]


def test_a_block_of_another_tenant_is_neither_shown_nor_lifted(
    office: FlaskClient, store: Store, stranger: Mailbox
) -> None:
    author = of_mailbox(stranger, stranger.address)
    number = block(store, author).block.id
    assert "Nobody is blocked" in office.get(PAGE).text
    assert post(office, f"{PAGE}{number}/lift", PAGE).status_code == 404
    assert send(store, author, 1)
