import pytest
from flask.testing import FlaskClient

from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from portal.reasons import warned_of
from tests.factories import a_held_delivery, an_accepted
from tests.portal.browsing import said

NAME, FRAUD = "PROTECTED_NAME_FROM_OUTSIDE", "CEO_FRAUD"


def warn(store: Store, delivery: Delivery, warning: str) -> Delivery:
    with store.write() as db:
        db.get_one(Delivery, delivery.id).warning = warning
    return delivery


@pytest.mark.parametrize(
    ("page", "held"),
    [("/webmail/m/{}", False), ("/quarantine/{}", True)],
    ids=["webmail", "quarantine"],
)
def test_a_note_above_the_mail_says_what_to_beware_of(
    store: Store, browser: FlaskClient, anna: Mailbox, page: str, held: bool
) -> None:
    make = a_held_delivery if held else an_accepted
    warned = warn(store, make(store, anna), f"{NAME},{FRAUD}")
    browser.set_cookie("language", "en")
    text = said(browser.get(page.format(warned.id)))
    assert "Beware of this message" in text
    assert all(sentence in text for sentence in warned_of(warned.warning or f"{NAME},{FRAUD}"))
    assert text.index("Beware of this message") < text.index("Shall we meet")


@pytest.mark.parametrize("warning", ["", "NOBODY_KNOWS", ",,"], ids=["nothing", "unknown", "odd"])
def test_without_a_warning_there_is_no_note(
    store: Store, browser: FlaskClient, anna: Mailbox, warning: str
) -> None:
    plain = warn(store, an_accepted(store, anna), warning)
    browser.set_cookie("language", "en")
    assert "Beware" not in said(browser.get(f"/webmail/m/{plain.id}"))


@pytest.mark.usefixtures("app")
def test_each_sentence_is_said_once() -> None:
    assert len(warned_of(f"{NAME},{FRAUD},{NAME}")) == 2
