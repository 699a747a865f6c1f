import pytest
from flask.testing import FlaskClient

from mailstore import subscriptions
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.subscriptions import Subscription
from tests.databases import on_sqlite
from tests.factories import ANNA, NOON
from tests.portal.browsing import happened, in_english, post, said, told
from tests.portal.stats.reported import OUTSIDE, a_subscription

pytestmark = pytest.mark.usefixtures("clock")

PATH = "/admin/reports/"
FORM = {"kind": "statistics", "period": "weekly", "at": "07:30", "language": "de"}


def reports(store: Store, mailbox: Mailbox) -> list[Subscription]:
    with store.read() as db:
        return list(subscriptions.of_tenant(db, mailbox.tenant_id))


def test_an_administrator_lets_a_report_come(
    office: FlaskClient, store: Store, anna: Mailbox
) -> None:
    asked = FORM | {"address": OUTSIDE, "domains": str(anna.domain_id)}
    page = told(in_english(office), post(office, PATH, **asked))
    (made,) = reports(store, anna)
    assert (made.address, made.at, made.domain_ids, made.detailed, made.created_by) == (
        OUTSIDE, "07:30", [anna.domain_id], False, "beat@muster.example"
    )  # fmt: skip
    assert "outside, numbers only" in page
    assert happened(store, "report_details_confirmed") == []


def test_what_an_address_outside_may_know_is_confirmed_and_noted(
    office: FlaskClient, store: Store, anna: Mailbox
) -> None:
    page = told(in_english(office), post(office, PATH, **FORM, address=OUTSIDE, detailed="y"))
    assert "outside, with addresses" in page
    (line,) = happened(store, "report_details_confirmed")
    assert (line.by, line.detail["address"]) == ("beat@muster.example", OUTSIDE)


@on_sqlite
@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"address": "none"}, "This is not a mail address."),
        ({"address": "nobody@muster.example"}, "There is no mailbox of ours with this address."),
        ({"at": "x"}, "This is not a time of day such as 07:00."),
        ({"kind": "x"}, "Not a valid choice"),
        ({"language": "xx"}, "Not a valid choice"),
    ],
)
def test_a_report_that_cannot_come_is_explained(
    office: FlaskClient, store: Store, anna: Mailbox, wrong: dict[str, str], text: str
) -> None:
    answer = post(in_english(office), PATH, **FORM | {"address": ANNA} | wrong)
    assert answer.status_code == 422
    assert text in said(answer)
    assert reports(store, anna) == []


@on_sqlite
def test_too_many_reports_are_explained(
    office: FlaskClient, store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "MOST", 0)
    answer = post(in_english(office), PATH, **FORM, address=ANNA)
    assert "There are 0 reports already." in said(answer)


def test_a_report_of_domains_of_others_is_not_found(
    office: FlaskClient, store: Store, anna: Mailbox, stranger: Mailbox
) -> None:
    for domain in ("x", "9999", str(stranger.domain_id)):
        assert post(office, PATH, **FORM, address=ANNA, domains=domain).status_code == 404
    assert reports(store, anna) == []


def test_a_report_is_sent_at_once_and_removed(
    office: FlaskClient, store: Store, anna: Mailbox
) -> None:
    made = a_subscription(store, anna)
    assert OUTSIDE in told(office, post(office, f"{PATH}{made.id}/send"))
    with store.read() as db:
        assert subscriptions.due(db, NOON) == [made.id]
    assert OUTSIDE not in told(office, post(office, f"{PATH}{made.id}/remove"))
    assert reports(store, anna) == []


def test_reports_of_other_tenants_cannot_be_touched(
    office: FlaskClient, store: Store, stranger: Mailbox
) -> None:
    theirs = a_subscription(store, stranger, address="trust@else.example")
    for deed in ("send", "remove"):
        assert post(office, f"{PATH}{theirs.id}/{deed}").status_code == 404
    assert "trust@else.example" not in office.get(PATH).text
    assert reports(store, stranger)[0].due_at > NOON
