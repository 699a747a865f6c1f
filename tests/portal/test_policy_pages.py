"""Pages of policies: what holds where, how it is changed, and what is said of it."""

import pytest
from flask.testing import FlaskClient

from mailstore import protection, tailoring
from mailstore.accounts import Account
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.policies import WITHOUT_REPORT
from mailstore.store import Store
from tests.portal.browsing import happened, in_english, post, said, stock, told
from tests.portal.policing import PAGE, TENANT, copied, holds, recommended, save, seen, value

# What is asked of rows is asked in tests/mailstore/.
DATABASES = ["sqlite"]
UNNOTICED = "no reports: held mail goes unnoticed"


@pytest.fixture
def english(office: FlaskClient) -> FlaskClient:
    return in_english(office)


@pytest.fixture
def at_domain(anna: Mailbox) -> str:
    return f"{PAGE}domain/{anna.domain_id}"


@pytest.fixture
def at_anna(anna: Mailbox) -> str:
    return f"{PAGE}mailbox/{anna.id}"


def test_a_value_is_set_at_each_level_and_taken_back(
    english: FlaskClient, store: Store, anna: Mailbox, at_domain: str, at_anna: str
) -> None:
    label, own = "Mail is held from this score on", "not as recommended"
    assert value(english, at_anna, label) == "5 from the recommended policy"
    for path, score, origin in (
        (TENANT, "7", "set for your organisation"),
        (at_domain, "6.5", "set for this domain"),
        (at_anna, "4", "set for this person"),
    ):
        assert save(english, path, "quarantine_at", score).status_code == 303
        assert value(english, path, label) == f"{score} {own} {origin}"
    assert holds(store, anna).quarantine_at == 4
    reset = {"deed": "reset", "name": "quarantine_at"}
    assert post(english, at_anna, PAGE, **reset).status_code == 303
    assert value(english, at_anna, label) == f"6.5 {own} set for the domain muster.example"
    assert holds(store, anna).quarantine_at == 6.5
    assert "1 value of its own" in said(english.get(PAGE))


def test_a_policy_is_copied_changed_chosen_and_deleted(
    english: FlaskClient, store: Store, anna: Mailbox, at_domain: str
) -> None:
    source = f"{PAGE}{recommended(store)}"
    answer = post(english, f"{source}/copy", PAGE, name="Strict")
    page = answer.location
    assert "Nobody goes by it yet" in told(english, answer)
    assert save(english, page, "rights.phish", "hidden").status_code == 303
    assert value(english, page, "Held fraud").endswith("set in this policy")
    number = page.rpartition("/")[2]
    assert post(english, at_domain, PAGE, deed="assign", policy=number).status_code == 303
    assert value(english, at_domain, "Held fraud").endswith("from the policy “Strict”")
    assert post(english, f"{page}/rename", PAGE, name="Softer").status_code == 303
    refused = post(english, f"{page}/delete", PAGE)
    assert refused.status_code == 422
    assert "Who goes by it: muster.example" in said(refused)
    assert post(english, at_domain, PAGE, deed="assign", policy="above").status_code == 303
    assert "is deleted" in told(english, post(english, f"{page}/delete", PAGE))


def test_values_of_two_inputs_are_read(
    english: FlaskClient, store: Store, anna: Mailbox, at_anna: str
) -> None:
    assert save(english, at_anna, "report_at", "16:30", "08:00").status_code == 303
    assert save(english, at_anna, "own_score", "3", "7,5").status_code == 303
    assert save(english, at_anna, "reject_at", "").status_code == 303
    found = holds(store, anna)
    assert (found.report_at, found.own_score) == ("08:00,16:30", (3, 7.5))
    assert value(english, at_anna, "Reports come at these times").startswith("08:00 and 16:30")


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("quarantine_at", ["x"], "a number from 1 to 1000."),
        ("keep_days", ["6"], "a number from 7 to 3650, or nothing."),
        ("newsletter_tag", ["x" * 41], "at most 40 characters"),
        ("report_at", ["25:00"], "a time of day"),
        ("own_score", ["8", "3"], "the smaller one first"),
        ("newsletters", ["burn"], "choose one of the answers"),
        ("rights.virus", ["deliver"], "choose one of the answers"),
        ("report", [], "choose one of the answers"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    english: FlaskClient,
    store: Store,
    anna: Mailbox,
    name: str,
    typed: list[str],
    sentence: str,
) -> None:
    own, at_domain = f"{PAGE}{copied(store, anna)}", f"{PAGE}domain/{anna.domain_id}"
    before = stock(store, without=seen)
    for path in (at_domain, TENANT, own):
        answer = save(english, path, name, *typed)
        assert answer.status_code == 422
        assert sentence in said(answer)
    assert stock(store, without=seen) == before


def test_wherever_no_reports_come_that_is_said(
    english: FlaskClient, store: Store, anna: Mailbox, user: Account, at_domain: str, at_anna: str
) -> None:
    silent = recommended(store, WITHOUT_REPORT)
    assert f"Standard without report ({UNNOTICED})" in said(english.get(at_domain))
    for page in (PAGE, f"{PAGE}{silent}"):
        assert UNNOTICED.partition(": ")[2] in said(english.get(page)).lower()
    pages = (at_anna, f"/admin/people/{user.id}", TENANT, "/admin/personal-reports/")
    assert not any(is_told(english, page) for page in pages)
    post(english, TENANT, PAGE, deed="assign", policy=silent)
    assert all(is_told(english, page) for page in pages)


def is_told(client: FlaskClient, page: str) -> bool:
    """Whether a page says that nobody notices what is held, beside what can be chosen."""
    text = said(client.get(page)).replace(UNNOTICED, "").lower()
    return UNNOTICED.partition(": ")[2] in text


def test_people_and_partners_are_protected_and_no_longer(
    english: FlaskClient, store: Store, anna: Mailbox, stranger: Mailbox
) -> None:
    page = f"{PAGE}protected/"
    with store.write() as db:
        protection.add_person(db, stranger.tenant_id, "Eve Strange", by="test")
    tried = (
        (f"{page}people", {"name": "Eva Muster", "address": "eva@home.example"}, "is protected"),
        (f"{page}partners", {"name": "bank.example"}, "is protected"),
        (f"{page}partners", {"name": "bank.example"}, "protected already"),
    )
    for path, form, text in tried:
        assert text in told(english, post(english, path, PAGE, **form))
    shown = said(english.get(page))
    assert "may write from eva@home.example" in shown
    assert "Eve Strange" not in shown
    for path, name in ((f"{page}people", "Eva"), (f"{page}partners", "no domain")):
        assert post(english, path, PAGE, name=name).status_code == 422
    for kind, name in (("people", "Eva Muster"), ("partners", "bank.example"),
                       ("people", "Eve Strange")):  # fmt: skip
        post(english, f"{page}{kind}/remove", PAGE, name=name)
    with store.read() as db:
        assert not protection.people_of(db, anna.tenant_id)
        assert not protection.partners_of(db, anna.tenant_id)
        assert protection.people_of(db, stranger.tenant_id)


def test_the_page_of_reports_changes_what_differs_and_nothing_else(
    english: FlaskClient, store: Store, anna: Mailbox
) -> None:
    form = {"reports": "on", "choice": "on", "days": "daily", "first": "09:00", "notice": "off",
            "guard": "guard"}  # fmt: skip
    page = "/admin/personal-reports/"
    post(english, page, page, **form)
    assert happened(store, "policy_tailored") == []
    post(english, page, page, **form | {"days": "mon"})
    (event,) = happened(store, "policy_tailored")
    assert event.detail["values"] == {"report_on": "mon"}


def test_a_person_chooses_a_score_within_the_bounds(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    page = f"/profile/senders/{anna.id}"
    in_english(browser)
    assert "How strictly" not in said(browser.get(page))
    assert post(browser, f"{page}/score", page, score="4").status_code == 404
    with store.write() as db:
        level = db.get_one(Domain, anna.domain_id)
        tailoring.tailor(db, level, {"own_score": "3..8"}, by="test")
    assert "from 3 to 8" in said(browser.get(page))
    for bad in ("9", "2", "x", ""):
        assert post(browser, f"{page}/score", page, score=bad).status_code == 422
    assert post(browser, f"{page}/score", page, score="7.5", quarantine_at="1").status_code == 303
    assert holds(store, anna).quarantine_at == 7.5
    assert holds(store, beat).quarantine_at == 5
    assert post(browser, f"{page}/score", page, deed="reset").status_code == 303
    assert holds(store, anna).quarantine_at == 5
    other = f"/profile/senders/{beat.id}/score"
    assert post(browser, other, page, score="4").status_code == 404
