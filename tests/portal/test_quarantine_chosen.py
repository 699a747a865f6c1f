import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldRight, MailClass
from mailstore.mailboxes import Mailbox
from mailstore.pages import SIZE
from mailstore.store import Store
from tests.factories import ANNA, a_held_delivery, an_accepted
from tests.mailstore.holding import let, lines, states
from tests.portal.browsing import Links, in_english, know_device, post, said, state, told
from tests.portal.mails import become, many

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

HELD, DELETED, RELEASING = State.QUARANTINED, State.DELETED, State.RELEASING


@pytest.fixture(autouse=True)
def _english(client: FlaskClient) -> None:
    in_english(client)


def choose(browser: FlaskClient, deed: str, *ids: object, **form: str) -> TestResponse:
    chosen = list(map(str, ids))
    return post(browser, "/quarantine/chosen", "/quarantine/", deed=deed, m=chosen, **form)


@pytest.mark.parametrize(
    ("deed", "became", "kind"),
    [("release", RELEASING, "released"), ("delete", DELETED, "deleted"),
     ("spam", DELETED, "deleted_as_spam")],
)  # fmt: skip
def test_the_same_is_done_with_each_that_was_chosen(
    browser: FlaskClient, store: Store, anna: Mailbox, deed: str, became: State, kind: str
) -> None:
    ids = [a_held_delivery(store, anna).id for _ in range(4)]
    answer = choose(browser, deed, *ids[1:], back="/quarantine/?q=plans")
    assert answer.location == "/quarantine/?q=plans"
    assert "left as" not in told(browser, answer)
    assert states(store, *ids) == [HELD, became, became, became]
    assert [each.by for each in lines(store, kind)] == [ANNA] * 3


def test_what_may_not_be_delivered_or_is_gone_is_left_and_told(
    browser: FlaskClient, store: Store, anna: Mailbox, held: Delivery
) -> None:
    phish, over = a_held_delivery(store, anna, mail_class=MailClass.PHISH), an_old_one(store, anna)
    answer = choose(browser, "release", held.id, phish.id, over.id)
    assert "2 messages were left as they are" in told(browser, answer)
    assert states(store, held.id, phish.id, over.id) == [RELEASING, HELD, State.DELIVERED]


def an_old_one(store: Store, anna: Mailbox) -> Delivery:
    over = a_held_delivery(store, anna)
    become(store, over, State.DELIVERED)
    return over


@pytest.fixture
def foreign(store: Store, anna: Mailbox, beat: Mailbox, stranger: Mailbox) -> dict[str, int]:
    """Return ids that Anna may not choose, by why."""
    let(store, anna, phish=HeldRight.HIDDEN)
    return {
        "a colleague's": a_held_delivery(store, beat).id,
        "another tenant's": a_held_delivery(store, stranger).id,
        "never held": an_accepted(store, anna).id,
        "hidden": a_held_delivery(store, anna, mail_class=MailClass.PHISH).id,
        "nobody's": 2**40,
    }


@pytest.mark.parametrize(
    "whose", ["a colleague's", "another tenant's", "never held", "hidden", "nobody's"]
)
def test_with_one_that_is_foreign_nothing_is_done_at_all(
    browser: FlaskClient, store: Store, held: Delivery, foreign: dict[str, int], whose: str
) -> None:
    for deed in ("release", "delete", "spam"):
        assert choose(browser, deed, held.id, foreign[whose]).status_code == 404
    assert state(store, held) is HELD
    assert lines(store, "released", "deleted", "deleted_as_spam") == []


@pytest.mark.parametrize("deed", ["", "undo", "nonsense", "Release"])
def test_a_deed_that_is_none_is_refused(
    browser: FlaskClient, store: Store, held: Delivery, deed: str
) -> None:
    assert choose(browser, deed, held.id).status_code == 400
    assert state(store, held) is HELD


def test_a_form_without_a_deed_is_refused(browser: FlaskClient, held: Delivery) -> None:
    assert post(browser, "/quarantine/chosen", "/quarantine/", m=held.id).status_code == 400


def test_who_chose_nothing_is_told(browser: FlaskClient) -> None:
    assert "Choose messages first." in told(browser, choose(browser, "delete"))


@pytest.mark.parametrize("odd", ["x", "", "9" * 30, "-1", "1" * 5000])
def test_what_is_no_number_of_a_mail_chooses_nothing(
    browser: FlaskClient, store: Store, held: Delivery, odd: str
) -> None:
    assert choose(browser, "delete", odd, held.id).status_code == 303
    assert state(store, held) is DELETED


def test_a_mail_that_was_chosen_twice_is_one(
    browser: FlaskClient, store: Store, held: Delivery
) -> None:
    assert "left as" not in told(browser, choose(browser, "delete", held.id, held.id))
    assert len(lines(store, "deleted")) == 1


def test_no_more_than_a_page_is_done_at_once(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    ids = many(store, anna, SIZE + 5, held=True)
    choose(browser, "delete", *ids)
    assert states(store, *ids).count(DELETED) == SIZE


@pytest.mark.parametrize("path", ["/quarantine/chosen", "/quarantine/all"])
def test_an_unknown_device_is_led_to_the_code_first(
    client: FlaskClient, store: Store, held: Delivery, links: Links, path: str
) -> None:
    client.get(links.quarantine)
    form = {"deed": "delete", "m": str(held.id), "back": "/quarantine/?q=plans"}
    answer = post(client, path, "/quarantine/", **form)
    assert answer.status_code == 303
    assert answer.location == "/code?next=/quarantine/?q%3Dplans"
    assert state(store, held) is HELD
    assert client.get("/quarantine/all").location.startswith("/code")


def test_a_known_device_does_it_as_its_link(
    client: FlaskClient, store: Store, anna: Mailbox, held: Delivery, links: Links
) -> None:
    know_device(client, store, anna)
    client.get(links.quarantine)
    choose(client, "delete", held.id)
    assert [each.by for each in lines(store, "deleted")] == ["report link"]


def test_the_list_has_a_box_for_each_mail_and_its_deeds(
    browser: FlaskClient, held: Delivery
) -> None:
    page = browser.get("/quarantine/")
    assert f'name="m" value="{held.id}"' in page.text
    for deed in ("release", "delete", "spam"):
        assert f'name="deed" value="{deed}"' in page.text
    assert "1 message matches" in said(page)
