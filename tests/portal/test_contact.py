import pytest
from flask.testing import FlaskClient

from mailstore.accounts import Account
from mailstore.store import Store
from tests.portal.browsing import happened, post, said, told

PAGE = "/profile/contact"


def kept(store: Store, user: Account) -> str:
    with store.read() as db:
        return db.get_one(Account, user.id).private_address


def test_a_private_address_is_kept_and_can_be_taken_away(
    browser: FlaskClient, store: Store, user: Account
) -> None:
    answer = post(browser, PAGE, private_address=" Anna@Home.example ")
    assert "Ihr Kontakt ist gespeichert" in told(browser, answer)
    assert kept(store, user) == "Anna@home.example"
    post(browser, PAGE, private_address="")
    assert kept(store, user) == ""
    assert len(happened(store, "private_address_set")) == 2


@pytest.mark.parametrize(
    ("address", "sentence"),
    [("anna@muster.example", "kommen ebenfalls hier durch"), ("x y", "keine E-Mail-Adresse"),
     ("a@b.example\r\nBcc: c@d.example", "keine E-Mail-Adresse")],
    ids=["ours", "no address", "two lines"],
)  # fmt: skip
def test_an_address_that_is_of_no_use_is_refused_with_a_sentence(
    browser: FlaskClient, store: Store, user: Account, address: str, sentence: str
) -> None:
    answer = post(browser, PAGE, private_address=address)
    assert answer.status_code == 422
    assert sentence in said(answer)
    assert kept(store, user) == ""
