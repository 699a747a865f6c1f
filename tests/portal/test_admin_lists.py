from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller

from mailstore.accounts import Account, Role
from mailstore.mailboxes import Mailbox
from mailstore.roles import AccountDomain
from mailstore.senders import Listed, Owner
from mailstore.store import Store
from tests.factories import a_domain, a_mailbox
from tests.mailstore.curation.lists import came, listed, on_list
from tests.portal.browsing import an_owner, csrf, enter, in_english, post, said, stock, told
from tests.portal.profiles import an_entry

DATABASES = ["sqlite"]
PAGE = "/admin/lists/"
GOOD = {"listed": "allowed", "life": "ever", "owner": ""}


@pytest.fixture(autouse=True)
def _english(clock: Traveller, office: FlaskClient) -> None:
    in_english(office)


@pytest.fixture
def owner(anna: Mailbox) -> Owner:
    return Owner(anna.tenant_id)


@pytest.fixture
def manager(app: Flask, store: Store, anna: Mailbox) -> FlaskClient:
    """Return a browser of somebody who looks after Anna's domain only."""
    with store.write() as db:
        chris = a_mailbox(db, "chris@muster.example")
    account = an_owner(store, chris, None, Role.DOMAIN_ADMIN)
    with store.write() as db:
        db.add(AccountDomain(account_id=account.id, domain_id=anna.domain_id))
    opened = app.test_client()
    enter(opened, store, account)
    return in_english(opened)


def add(client: FlaskClient, pattern: str, **form: str) -> str:
    answer = post(client, PAGE, PAGE, **GOOD | {"pattern": pattern} | form)
    return told(client, answer) if answer.status_code == 303 else said(answer)


def test_the_page_says_of_each_entry_whose_it_is_and_how_it_fares(
    office: FlaskClient, store: Store, anna: Mailbox, owner: Owner
) -> None:
    listed(store, owner, "all.example")
    listed(
        store, Owner(anna.tenant_id, domain_id=anna.domain_id), "dom.example", kind=Listed.BLOCKED
    )
    an_entry(store, anna, "bob@there.example", proof="spf")
    page = said(office.get(PAGE))
    for text in ("all.example", "for everybody", "for muster.example", "for anna@muster.example",
                 "proven by SPF", "never used yet", "blocked"):  # fmt: skip
        assert text in page


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=ALL", "all"), ("q=anna%40", "bob"), ("list=blocked", "dom"), ("whose=person", "bob"),
     ("whose=tenant", "all"), ("q=%25", ""), ("q=_&list=allowed", "")],
)  # fmt: skip
def test_entries_are_looked_for_by_sender_owner_and_kind(
    office: FlaskClient, store: Store, anna: Mailbox, owner: Owner, query: str, found: str
) -> None:
    listed(store, owner, "all.example")
    listed(
        store, Owner(anna.tenant_id, domain_id=anna.domain_id), "dom.example", kind=Listed.BLOCKED
    )
    an_entry(store, anna, "bob.example")
    page = said(office.get(f"{PAGE}?{query}"))
    assert [name for name in ("all", "dom", "bob") if f"{name}.example" in page] == [found][
        : len(found)
    ]


def test_an_entry_is_added_for_whom_it_is_meant_and_removed(
    office: FlaskClient, store: Store, anna: Mailbox, owner: Owner
) -> None:
    came(store, anna, "bob@there.example", held=True)
    assert "there.example is on the list" in add(office, "there.example")
    assert on_list(store, owner) == [("allowed", "there.example")]
    page = office.get(PAGE).text
    entry_id = page.partition('id="e')[2].partition('"')[0]
    assert "removed" in told(office, post(office, f"{PAGE}entries/{entry_id}/remove", PAGE))
    assert on_list(store, owner) == []
    add(office, "x.example", owner=anna.address, listed="blocked")
    mine = Owner(anna.tenant_id, mailbox_id=anna.id)
    assert on_list(store, mine) == [("blocked", "x.example")]


def test_a_careless_entry_is_entered_only_by_whoever_insists(
    office: FlaskClient, store: Store, owner: Owner
) -> None:
    page = add(office, "gmail.com")
    assert "Anybody can get an address at this domain" in page
    assert on_list(store, owner) == []
    add(office, "gmail.com", sure="y")
    assert on_list(store, owner) == [("allowed", "gmail.com")]


def test_what_was_done_just_now_is_taken_back(
    office: FlaskClient, store: Store, owner: Owner, clock: Traveller
) -> None:
    add(office, "x.example", listed="blocked")
    line = office.get(PAGE).text.partition('name="line" value="')[2].partition('"')[0]
    assert "1 entry is as it was" in told(office, post(office, f"{PAGE}undo", PAGE, line=line))
    assert on_list(store, owner) == []
    add(office, "y.example", listed="blocked")
    clock.shift(timedelta(minutes=16))
    assert 'name="line"' not in office.get(PAGE).text
    assert post(office, f"{PAGE}undo", PAGE, line=str(int(line) + 2)).status_code == 404


@pytest.mark.parametrize("owner_name", ["", "eve@elsewhere.example", "other.example", "nobody"])
def test_whoever_has_some_domains_enters_nothing_elsewhere(
    manager: FlaskClient, store: Store, anna: Mailbox, stranger: Mailbox, owner_name: str
) -> None:
    with store.read() as db:
        tenant = db.get_one(type(anna), anna.id).tenant_id
    before = len(on_list(store, Owner(tenant)))
    more = {"tenant_id": str(stranger.tenant_id), "mailbox_id": str(stranger.id)}
    page = add(manager, "x.example", owner=owner_name, listed="blocked", **more)
    assert "Please name a domain" in page or "neither a domain nor an address" in page
    assert len(on_list(store, Owner(tenant))) == before
    add(manager, "x.example", owner="muster.example", listed="blocked", **more)
    of_domain = Owner(tenant, domain_id=anna.domain_id)
    assert on_list(store, of_domain) == [("blocked", "x.example")]


def test_whoever_has_some_domains_sees_and_removes_only_theirs(
    manager: FlaskClient, store: Store, anna: Mailbox, owner: Owner, stranger: Mailbox
) -> None:
    listed(store, owner, "all.example")
    theirs = an_entry(store, stranger, "foreign.example")
    an_entry(store, anna, "bob.example")
    page = said(manager.get(PAGE))
    assert ("bob.example" in page, "all.example" in page) == (True, False)
    before = stock(store, without=lambda column: column == "sign_ins.seen_at")
    for entry_id in (theirs, theirs - 1):
        path = f"{PAGE}entries/{entry_id}/remove"
        assert manager.post(path, data={"csrf_token": csrf(manager, PAGE)}).status_code == 404
    assert stock(store, without=lambda column: column == "sign_ins.seen_at") == before
    saved = manager.get(f"{PAGE}senders.csv").text
    assert ("bob.example" in saved, "all.example" in saved) == (True, False)


def test_the_lists_are_saved_as_a_table_that_runs_nothing(
    office: FlaskClient, store: Store, owner: Owner, admin: Account, clock: Traveller
) -> None:
    listed(store, owner, "=cmd|x@evil.example", "bob.example")
    answer = office.get(f"{PAGE}senders.csv")
    assert ";'=cmd|x@evil.example;" in answer.text
    assert answer.data.startswith(b"\xef\xbb\xbfowner;list;sender;")
    clock.shift(timedelta(minutes=11))
    assert office.get(f"{PAGE}senders.csv").location.startswith("/sign-in/again")


def test_placeholders_in_entries_are_shown_as_they_are(
    office: FlaskClient, store: Store, owner: Owner
) -> None:
    listed(store, owner, "{{7*7}}@evil.example", "%(x)s@evil.example")
    page = said(office.get(PAGE))
    assert "{{7*7}}@evil.example" in page
    assert "%(x)s@evil.example" in page


def test_only_what_one_may_look_at_is_there(app: Flask, store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        a_domain(db, "x.example")
        keeper = a_mailbox(db, "kim@muster.example")
    opened = app.test_client()
    enter(opened, store, an_owner(store, keeper, None, Role.QUARANTINE_ADMIN))
    for path in (PAGE, f"{PAGE}import/", f"{PAGE}tidy/", f"{PAGE}senders.csv"):
        assert opened.get(path).status_code == 404
