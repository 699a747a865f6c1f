import re
import time
from datetime import timedelta
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mailstore import clock
from mailstore.figures import Figure
from mailstore.mailboxes import Mailbox
from mailstore.senders import Listed, Owner
from mailstore.store import Store
from portal.admin import list_import
from tests.databases import asked
from tests.mailstore.curation.lists import came, listed, on_list
from tests.portal.browsing import happened, in_english, post, said, told

DATABASES = ["sqlite"]
PAGE, LISTS, TIDY = "/admin/lists/import/", "/admin/lists/", "/admin/lists/tidy/"


@pytest.fixture(autouse=True)
def _english(office: FlaskClient) -> None:
    in_english(office)


@pytest.fixture
def owner(anna: Mailbox) -> Owner:
    return Owner(anna.tenant_id)


def bring(client: FlaskClient, text: str = "", raw: bytes = b"", **form: str) -> TestResponse:
    fields = {"listed": "allowed", "owner": "", "text": text} | form
    if raw:
        return post(client, PAGE, PAGE, file=(BytesIO(raw), "../old <b>.txt"), **fields)
    return post(client, PAGE, PAGE, **fields)


def lines(page: str) -> dict[str, str]:
    """Return the id of each line that can be ticked, by what it says."""
    found = r'name="chosen" value="(\d+)"[^>]*> <span class="form-check-label">([^<]*)<'
    return {pattern: number for number, pattern in re.findall(found, page)}


def test_a_list_is_judged_looked_through_and_entered(
    office: FlaskClient, store: Store, anna: Mailbox, owner: Owner
) -> None:
    came(store, anna, "bob@there.example", held=True)
    preview = bring(office, raw=b"there.example OK\r\ngmail.com OK\r\nidle.example OK\r\n10.0.0.1")
    assert preview.status_code == 303
    page = office.get(preview.location)
    assert "1 entry is ticked" in said(page)
    assert "../old &lt;b&gt;.txt" in page.text
    careless = office.get(f"{preview.location}?group=careless")
    assert "Anybody can get an address" in said(careless)
    number = lines(careless.text)["gmail.com"]
    form = {"group": "careless", "shown": number, "chosen": number}
    assert "2 entries are added." in told(
        office, post(office, preview.location, PAGE, deed="enter", **form)
    )
    assert on_list(store, owner) == [("allowed", "gmail.com"), ("allowed", "there.example")]
    assert office.get(preview.location).status_code == 404
    (event,) = happened(store, "senders_imported")
    assert event.detail["entries"] == 2


def test_a_file_is_taken_back_on_the_page_where_it_was_brought(
    office: FlaskClient, store: Store, owner: Owner
) -> None:
    preview = bring(office, "a.example REJECT\nb.example REJECT").location
    post(office, preview, PAGE, deed="enter", group="good")
    assert len(on_list(store, owner)) == 2
    line = office.get(PAGE).text.partition('name="line" value="')[2].partition('"')[0]
    assert "2 entries are as they were" in told(
        office, post(office, f"{LISTS}undo", PAGE, line=line)
    )
    assert on_list(store, owner) == []
    assert 'name="line"' not in office.get(PAGE).text


def test_ticks_are_kept_from_page_to_page_and_careless_ones_are_not_ticked_at_once(
    office: FlaskClient, store: Store
) -> None:
    preview = bring(office, "gmail.com\ngmx.ch\nidle.example\n1.example").location
    for group in ("needless", "careless"):
        post(office, preview, PAGE, deed="all", group=group)
    assert "2 entries are ticked" in said(office.get(preview))
    page = office.get(f"{preview}?group=needless").text
    shown = list(lines(page).values())
    post(office, preview, PAGE, deed="keep", group="needless", shown=shown, chosen=shown[:1])
    assert "1 entry is ticked" in said(office.get(preview))


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Choose a file, or paste a list."), ({"text": "# nothing"}, "There is no entry"),
        ({"text": "x.example", "owner": "nobody.example"}, "neither a domain nor an address"),
        ({"raw": b"x" * 200_001}, "too large"), ({"text": "a.example\n" * 20_001}, "too long"),
    ],
    ids=["none", "empty", "foreign", "large", "long"],
)  # fmt: skip
def test_what_is_no_list_is_refused_with_a_sentence(
    office: FlaskClient, form: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_import, "LARGEST_FILE", 200_000)
    answer = bring(office, **form)  # type: ignore[arg-type]  # fields by name
    assert answer.status_code == 422
    assert words in said(answer)


def test_what_a_form_says_of_lines_elsewhere_counts_nothing(
    office: FlaskClient, store: Store, owner: Owner
) -> None:
    first, second = (bring(office, each).location for each in ("gmail.com", "gmx.ch"))
    foreign = lines(office.get(f"{second}?group=careless").text)["gmx.ch"]
    form = {"deed": "enter", "group": "careless", "shown": foreign, "chosen": foreign}
    assert "Nothing is ticked" in told(office, post(office, first, PAGE, **form, tenant_id="2"))
    assert on_list(store, owner) == []
    for bad in ({"group": "?"}, {"group": "good", "shown": "x"}):
        assert post(office, first, PAGE, **bad).status_code in (303, 400)


def test_nobody_else_sees_what_somebody_brought(office: FlaskClient, browser: FlaskClient) -> None:
    preview = bring(office, "a.example").location
    assert browser.get(preview).status_code == 404


def test_who_had_no_mail_here_yet_is_told_that_nothing_can_be_said(
    office: FlaskClient, store: Store, anna: Mailbox
) -> None:
    preview = bring(office, "there.example").location
    assert "less than a week" in said(office.get(preview))
    with store.write() as db:
        hour = clock.now() - timedelta(days=8)
        db.add(Figure(hour=hour, domain_id=anna.domain_id, name="in_clean", count=1))
    assert "less than a week" not in said(office.get(preview))


def test_two_thousand_entries_are_looked_through_quickly(
    office: FlaskClient, store: Store, owner: Owner
) -> None:
    text = "\n".join(f"a{number}.example" for number in range(2000))
    preview = bring(office, text).location
    post(office, preview, PAGE, deed="all", group="needless")
    with asked(store) as statements:
        begun = time.perf_counter()
        assert "2000 entries are ticked" in said(office.get(f"{preview}?group=needless"))
    assert (len(statements) <= 12, time.perf_counter() - begun < 1) == (True, True)
    post(office, preview, PAGE, deed="enter", group="needless")
    with asked(store) as statements:
        begun = time.perf_counter()
        office.get(TIDY)
    assert (len(statements) <= 12, time.perf_counter() - begun < 2) == (True, True)
    assert len(on_list(store, owner)) == 2000


def test_lists_are_tidied_by_ticks_and_by_all_that_match_and_that_is_taken_back(
    office: FlaskClient, store: Store, owner: Owner
) -> None:
    listed(store, owner, "gmail.com", "gmx.ch", "fine.example", "bob@fine.example")
    listed(store, owner, "bluewin.ch", kind=Listed.BLOCKED)
    page = office.get(TIDY)
    number = lines(page.text)["bob@fine.example"]
    assert "fine.example" not in lines(page.text)
    assert "1 entry is removed" in told(office, post(office, TIDY, TIDY, chosen=number))
    assert "3 entries are removed" in told(
        office, post(office, TIDY, TIDY, deed="all", finding="free")
    )
    assert on_list(store, owner) == [("allowed", "fine.example")]
    line = office.get(LISTS).text.partition('name="line" value="')[2].partition('"')[0]
    assert "3 entries are as they were" in told(
        office, post(office, f"{LISTS}undo", PAGE, line=line)
    )
    assert "Nothing is ticked" in told(office, post(office, TIDY, TIDY))
    assert office.get(f"{TIDY}?finding=x").status_code == 400
