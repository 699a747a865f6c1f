"""What a policy lets people do with held mail, and that it ends at once with the access."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from mailstore.accounts import Account
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldRight, MailClass, Summary
from mailstore.mailboxes import Mailbox, MailboxAddress
from mailstore.store import Store
from tests.factories import a_held_delivery, an_accepted
from tests.mailstore.holding import delegate, held_from, let, shut_out, states
from tests.mailstore.requested import a_request, grant, refuse, risky
from tests.portal.browsing import Links, in_english, know_device, listed, post, said
from tests.portal.mails import become

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

HELD, RELEASING = State.QUARANTINED, State.RELEASING
PAGES = ("/quarantine/{}", "/quarantine/{}/body", "/quarantine/{}/source", "/quarantine/{}/ask",
         "/quarantine/{}/blocked", "/quarantine/{}/allowed")  # fmt: skip
DEEDS = ("release", "delete", "spam")


@pytest.fixture(autouse=True)
def _english(client: FlaskClient) -> None:
    in_english(client)


def is_nowhere(browser: FlaskClient, store: Store, held: Delivery) -> None:
    """Check that a held mail does not exist for whoever asks, and is as it was."""
    became = states(store, held.id)
    for path in ("/quarantine/", "/quarantine/?show=over"):
        page = browser.get(path)
        assert page.status_code == 200
        assert held.id not in listed(page)
        assert held.message.subject not in said(page)
    for path in PAGES:
        assert browser.get(path.format(held.id)).status_code == 404, path
    for deed in DEEDS:
        path = f"/quarantine/{held.id}/{deed}"
        assert post(browser, path, "/quarantine/").status_code == 404, path
        answer = post(browser, "/quarantine/chosen", "/quarantine/", deed=deed, m=held.id)
        assert answer.status_code == 404
    assert states(store, held.id) == became


@pytest.mark.parametrize("over", [False, True], ids=["held", "held no more"])
@pytest.mark.parametrize("mail_class", [MailClass.SPAM, MailClass.VIRUS, MailClass.PHISH])
def test_what_a_policy_hides_is_nowhere(
    browser: FlaskClient, store: Store, anna: Mailbox, mail_class: MailClass, over: bool
) -> None:
    let(store, anna, **{mail_class.value: HeldRight.HIDDEN})
    held = a_held_delivery(store, anna, mail_class=mail_class)
    if over:
        become(store, held, State.DELETED)
    is_nowhere(browser, store, held)


def test_what_a_policy_hides_is_counted_nowhere(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    let(store, anna, virus=HeldRight.HIDDEN)
    a_held_delivery(store, anna, mail_class=MailClass.VIRUS)
    assert "Nothing is held" in said(browser.get("/"))
    assert "Nothing is held" in said(browser.get("/quarantine/"))
    a_held_delivery(store, anna)
    assert "1 message is held" in said(browser.get("/"))
    assert "1 message matches" in said(browser.get("/quarantine/"))


def test_a_link_to_what_is_hidden_by_now_leads_nowhere(
    client: FlaskClient, store: Store, anna: Mailbox, held: Delivery, links: Links
) -> None:
    know_device(client, store, anna)
    let(store, anna, spam=HeldRight.HIDDEN)
    assert client.get(links.held[0]).status_code == 404
    post(client, links.held[0])
    client.get(links.quarantine)
    assert listed(client.get("/quarantine/")) == []
    assert client.get(f"/quarantine/{held.id}").status_code == 404
    assert states(store, held.id) == [HELD]


OFFERED = {
    HeldRight.DELIVER: {"release"},
    HeldRight.ASK: {"ask"},
    HeldRight.SEE: set[str](),
}


@pytest.mark.parametrize("right", list(OFFERED))
@pytest.mark.parametrize("mail_class", [MailClass.SPAM, MailClass.DANGEROUS])
def test_pages_offer_what_the_policy_says_and_no_more(
    browser: FlaskClient, store: Store, anna: Mailbox, mail_class: MailClass, right: HeldRight
) -> None:
    let(store, anna, **{mail_class.value: right})
    held = a_held_delivery(store, anna, mail_class=mail_class)
    for path in ("/quarantine/", f"/quarantine/{held.id}"):
        page = browser.get(path).text
        found = {deed for deed in ("release", "ask") if f"{held.id}/{deed}" in page}
        assert found == OFFERED[right]
    post(browser, f"/quarantine/{held.id}/release", "/quarantine/")
    assert states(store, held.id) == [RELEASING if right is HeldRight.DELIVER else HELD]


@pytest.mark.parametrize(
    ("deed", "words"),
    [(None, "Asked for"), (refuse, "An administrator decided against it."),
     (grant, "It cannot be delivered.")],
    ids=["open", "refused", "granted and stopped"],
)  # fmt: skip
def test_the_list_says_what_became_of_a_request(
    browser: FlaskClient, store: Store, anna: Mailbox,
    deed: Callable[..., bool] | None, words: str,
) -> None:  # fmt: skip
    held = risky(store, anna)
    asked = a_request(store, held)
    if deed:
        assert deed(store, asked)
    become(store, held, HELD)
    page = browser.get("/quarantine/")
    assert words in said(page)
    assert f"{held.id}/ask" not in page.text


def test_no_policy_lets_anybody_deliver_a_virus(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    let(store, anna, virus=HeldRight.DELIVER)
    held = a_held_delivery(store, anna, mail_class=MailClass.VIRUS)
    for path in (f"/quarantine/{held.id}/release", f"/quarantine/{held.id}/ask"):
        post(browser, path, "/quarantine/")
    post(browser, "/quarantine/chosen", "/quarantine/", deed="release", m=held.id)
    assert states(store, held.id) == [HELD]
    assert "It cannot be delivered." in said(browser.get("/quarantine/"))


def test_a_delegate_goes_by_the_policy_of_each_mailbox(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox, user: Account
) -> None:
    delegate(store, user, beat)
    let(store, anna, phish=HeldRight.DELIVER)
    let(store, beat, spam=HeldRight.HIDDEN)
    mine, his = (
        a_held_delivery(store, whose, mail_class=MailClass.PHISH) for whose in (anna, beat)
    )
    is_nowhere(browser, store, a_held_delivery(store, beat, summary=Summary(subject="A secret")))
    for held in (mine, his):
        post(browser, f"/quarantine/{held.id}/release", "/quarantine/")
    assert states(store, mine.id, his.id) == [RELEASING, HELD]


def test_access_that_is_removed_is_gone_at_once(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox, user: Account
) -> None:
    delegate(store, user, beat)
    held = held_from(store, beat, subject="Beat's own")
    page = browser.get("/quarantine/")
    assert listed(page) == [held]
    shut_out(store, user, beat)
    with store.read() as db:
        row = db.get_one(Delivery, held)
        db.refresh(row, ["message"])
    is_nowhere(browser, store, row)
    assert browser.get(f"/quarantine/?mailbox={beat.id}").status_code == 404


def test_an_account_without_any_mailbox_sees_nothing(
    browser: FlaskClient, store: Store, anna: Mailbox, held: Delivery, user: Account
) -> None:
    shut_out(store, user, anna)
    is_nowhere(browser, store, held)
    assert browser.get("/quarantine/recent").status_code == 200
    assert "with 0 messages?" in said(browser.get("/quarantine/all"))


def test_an_address_that_moves_takes_what_comes_from_then_on_with_it(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    before = a_held_delivery(store, anna)
    with store.write() as db:
        moved = update(MailboxAddress).where(MailboxAddress.key == anna.address)
        db.execute(moved.values(mailbox_id=beat.id))
    after = an_accepted(store, anna, held=True)
    assert after.mailbox_id == beat.id
    assert listed(browser.get("/quarantine/")) == [before.id]
    assert browser.get(f"/quarantine/{after.id}").status_code == 404
