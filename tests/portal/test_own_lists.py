"""What a policy lets people enter on lists of their own, wherever they could."""

from io import BytesIO

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from mailstore import tailoring, undo
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.envelopes import OwnLists
from mailstore.mailboxes import Mailbox
from mailstore.reports.drafts import Draft
from mailstore.scope import Scope
from mailstore.senders import Listed, SenderEntry
from mailstore.settings import Settings
from mailstore.store import Store
from portal.reports.rendering import Renderer
from tests.factories import ANNA, an_accepted
from tests.portal.browsing import csrf, happened, in_english, post, said
from tests.portal.profiles import an_entry
from tests.reporting import draft_of

# What is asked of rows is asked in tests/mailstore/.
DATABASES = ["sqlite"]
PAGE = "/profile/senders/"
LIST = b"list,sender\nallowed,carl@there.example\n"


def let(store: Store, anna: Mailbox, lists: OwnLists) -> None:
    with store.write() as db:
        box = db.get_one(Mailbox, anna.id)
        tailoring.tailor(db, box, {"own_lists": lists.value}, by="test")


def entered(store: Store) -> set[Listed]:
    with store.read() as db:
        return set(db.scalars(select(SenderEntry.listed)))


@pytest.mark.parametrize(
    ("lists", "kinds"),
    [
        (OwnLists.YES, {*Listed}),
        (OwnLists.BLOCK, {Listed.BLOCKED, Listed.UNTAGGED}),
        (OwnLists.NO, set()),
    ],
)
def test_people_enter_only_what_their_policy_lets_them(
    browser: FlaskClient,
    store: Store,
    anna: Mailbox,
    held: Delivery,
    lists: OwnLists,
    kinds: set[Listed],
) -> None:
    copy, token = an_accepted(store, anna), csrf(browser)
    let(store, anna, lists)
    tried = {
        f"/quarantine/{held.id}/allowed": {"form": "exact"},
        f"/quarantine/{held.id}/blocked": {"form": "exact"},
        f"/webmail/m/{copy.id}/untag": {},
    }
    for (path, form), kind in zip(tried.items(), Listed, strict=True):
        answer = post(browser, path, token=token, **form)
        assert answer.status_code == (303 if kind in kinds else 404)
        assert (kind in entered(store)) is (kind in kinds)
        if "quarantine" in path:
            assert browser.get(path).status_code == (200 if kind in kinds else 404)
    for kind in Listed:
        form = {"pattern": f"{kind}.example", "listed": kind.value, "life": "ever"}
        answer = post(browser, f"{PAGE}{anna.id}", token=token, **form)
        expected = 303 if kind in kinds else 422 if kinds else 404
        assert answer.status_code == expected
    answer = browser.post(
        f"{PAGE}{anna.id}/import", data={"csrf_token": token, "file": (BytesIO(LIST), "x.csv")}
    )
    assert answer.status_code == (200 if lists is OwnLists.YES else 422)
    assert entered(store) == kinds


@pytest.mark.parametrize("lists", OwnLists)
def test_nothing_is_offered_that_is_not_let(
    browser: FlaskClient,
    store: Store,
    settings: Settings,
    anna: Mailbox,
    held: Delivery,
    lists: OwnLists,
) -> None:
    let(store, anna, lists)
    in_english(browser)
    page, own = said(browser.get(f"/quarantine/{held.id}")), browser.get(f"{PAGE}{anna.id}")
    draft = draft_of(store, anna)
    assert draft
    mail = as_text(settings, draft)
    assert ("Allow sender" in page) is ("/allowed" in mail) is (lists is OwnLists.YES)
    assert ("Block sender" in page) is ("/blocked" in mail) is (lists is not OwnLists.NO)
    assert ('value="allowed"' in own.text) is (lists is OwnLists.YES)
    assert ("Add a sender" in said(own)) is (lists is not OwnLists.NO)


def as_text(settings: Settings, draft: Draft) -> str:
    """Return both parts of a report."""
    mail = Renderer(settings).render(draft, Address.parse(ANNA))
    return "".join(
        each.get_content() for each in mail.walk() if each.get_content_maintype() == "text"
    )


def test_an_entry_can_be_removed_but_not_put_back(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    entry = an_entry(store, anna)
    let(store, anna, OwnLists.NO)
    answer = post(browser, f"{PAGE}{anna.id}/{entry}/remove", PAGE)
    assert answer.status_code == 303
    (line,) = happened(store, "sender_removed")
    with store.write() as db:
        scope = Scope(anna.tenant_id, frozenset({anna.id}))
        assert not undo.take_back(db, scope, ANNA, line.id, line.id)
    assert entered(store) == set()
