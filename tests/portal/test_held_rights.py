"""What a policy lets people do with held mail: in the report and behind its links."""

import pytest
from flask.testing import FlaskClient

from mailstore import policies
from mailstore.deliveries import Delivery
from mailstore.envelopes import HeldRight, MailClass
from mailstore.mailboxes import Mailbox
from mailstore.policies import PolicyRow
from mailstore.reports.rows import LinkKind
from mailstore.store import Store
from portal.reports.rendering import Renderer
from tests.factories import a_held_delivery, let_go
from tests.portal.browsing import a_report, in_english, know_device, post, said, state
from tests.reporting import draft_of

PHISH = MailClass.PHISH


def permit(store: Store, mailbox: Mailbox, mail_class: MailClass, right: HeldRight) -> None:
    with store.write() as db:
        parent = policies.recommended(db)
        values = {"rights": {mail_class.value: right.value}}
        policy = PolicyRow(name=f"{mail_class} {right}", parent_id=parent.id, values=values)
        db.add(policy)
        db.flush()
        db.get_one(Mailbox, mailbox.id).policy_id = policy.id


@pytest.mark.parametrize(
    ("mail_class", "right", "listed", "deliverable"),
    [
        (PHISH, HeldRight.DELIVER, True, True),
        (MailClass.SPAM, HeldRight.ASK, True, False),
        (MailClass.SPAM, HeldRight.SEE, True, False),
        (MailClass.SPAM, HeldRight.HIDDEN, False, False),
        (MailClass.VIRUS, HeldRight.DELIVER, True, False),
    ],
)
def test_a_report_offers_what_the_policy_of_the_mailbox_permits(
    store: Store, anna: Mailbox, mail_class: MailClass, right: HeldRight, listed: bool,
    deliverable: bool,
) -> None:  # fmt: skip
    permit(store, anna, mail_class, right)
    held = a_held_delivery(store, anna, mail_class=mail_class)
    draft, renderer = draft_of(store, anna), Renderer(store.settings)
    assert draft is not None
    assert [delivery.id for delivery in draft.lines.new] == [held.id] * listed
    assert (draft.lines.rights.to(held) is HeldRight.DELIVER) is deliverable
    urls = [renderer.url(draft, LinkKind.HELD, each) for each in draft.lines.new]
    assert (renderer.first_url(draft) in urls) is deliverable


def test_a_link_to_a_mail_that_the_policy_hides_by_now_leads_nowhere(
    client: FlaskClient, store: Store, anna: Mailbox, held: Delivery, link: str
) -> None:
    page = client.get(link)
    permit(store, anna, held.mail_class, HeldRight.HIDDEN)
    know_device(client, store, anna)
    assert (page.status_code, client.get(link).status_code) == (200, 404)
    post(client, link, link)
    assert state(store, held) == "quarantined"


def test_a_link_delivers_what_the_policy_permits_and_no_other_class(
    client: FlaskClient, store: Store, anna: Mailbox
) -> None:
    held = a_held_delivery(store, anna, mail_class=PHISH)
    (path,) = a_report(store, anna).held
    post(client, path, path)
    assert state(store, held) == "quarantined"
    permit(store, anna, PHISH, HeldRight.DELIVER)
    post(client, path, path)
    assert state(store, held) == "releasing"


def test_the_story_of_a_mail_names_who_released_it(
    browser: FlaskClient, store: Store, held: Delivery
) -> None:
    let_go(store, held)
    text = said(in_english(browser).get(f"/webmail/m/{held.id}"))
    assert "It was released from the quarantine. (by anna)" in text
