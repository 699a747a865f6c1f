from io import BytesIO

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from mailstore.listfiles import MOST_LINES
from mailstore.mailboxes import Mailbox
from mailstore.senders import Listed, SenderEntry
from mailstore.store import Store
from portal.profile import files
from tests.databases import asked
from tests.portal.browsing import in_english, post, said, stock, told
from tests.portal.profiles import an_entry

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PAGE, CONTACT = "/profile/senders/", "/profile/contact"
HEAD = b"owner,list,sender\r\n"


def patterns(store: Store, mailbox: Mailbox) -> list[str]:
    mine = select(SenderEntry.pattern).where(SenderEntry.mailbox_id == mailbox.id)
    with store.read() as db:
        return sorted(db.scalars(mine))


def send(client: FlaskClient, mailbox: Mailbox, raw: bytes) -> TestResponse:
    file = (BytesIO(raw), "senders.csv")
    return post(in_english(client), f"{PAGE}{mailbox.id}/import", CONTACT, file=file)


def test_the_list_is_saved_as_a_table_that_runs_nothing(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    for pattern in ("=cmd|x@evil.example", "+1@evil.example", "-1@evil.example", "bob@a.example"):
        an_entry(store, anna, pattern)
    an_entry(store, beat, "secret.example")
    answer = browser.get(f"{PAGE}{anna.id}/senders.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == "attachment; filename=senders.csv"
    cells = [cell for line in answer.text.splitlines() for cell in line.split(";")]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert {"'=cmd|x@evil.example", "'+1@evil.example", "bob@a.example"} <= set(cells)
    assert "secret.example" not in answer.text


def test_a_spreadsheet_here_opens_the_table_with_a_column_for_each_cell(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    an_entry(store, anna, "zürich@a.example")
    saved = browser.get(f"{PAGE}{anna.id}/senders.csv").data
    head, line = saved.decode("utf-8-sig").splitlines()
    assert saved.startswith(b"\xef\xbb\xbfowner;list;sender;")
    assert line.startswith(f"{anna.address};allowed;zürich@a.example;")
    assert (head.count(";"), line.count(";"), "," in head + line) == (7, 7, False)


def test_what_was_saved_comes_back(browser: FlaskClient, store: Store, anna: Mailbox) -> None:
    named = ["+1@evil.example", "=1@evil.example", "bob@a.example"]
    ids = [an_entry(store, anna, pattern) for pattern in named]
    saved = browser.get(f"{PAGE}{anna.id}/senders.csv").data
    for entry_id in ids:
        post(browser, f"{PAGE}{anna.id}/{entry_id}/remove", CONTACT)
    assert patterns(store, anna) == []
    assert "3 entries are added." in said(send(browser, anna, saved))
    assert patterns(store, anna) == named
    again = said(send(browser, anna, saved))
    assert "0 entries are added. 3 were on the list already." in again


def test_every_line_goes_on_this_list_whatever_owner_it_names(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox, stranger: Mailbox
) -> None:
    owners = ("", beat.address, "muster.example", stranger.address, "nobody")
    lines = [f"{owner},blocked,{number}.example" for number, owner in enumerate(owners)]
    send(browser, anna, HEAD + "\n".join(lines).encode())
    with store.read() as db:
        found = {(each.tenant_id, each.mailbox_id) for each in db.scalars(select(SenderEntry))}
    assert found == {(anna.tenant_id, anna.id)}
    assert len(patterns(store, anna)) == 5


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbflist,sender\nallowed,a.example\n", b"list;sender\r\nallowed;a.example\r\n",
        b"sender,note,list\ra.example,Z\xfcrich,ALLOWED\r",
        b"list;sender;expires\r\nallowed;a.example;31.12.2026\r\n",
    ],
    ids=["with a mark", "semicolons", "old signs", "a day"],
)  # fmt: skip
def test_files_of_all_kinds_of_spreadsheets_are_read(
    browser: FlaskClient, store: Store, anna: Mailbox, raw: bytes
) -> None:
    assert "1 entry is added." in said(send(browser, anna, raw))
    with store.read() as db:
        (entry,) = db.scalars(select(SenderEntry))
    assert (entry.listed, entry.pattern) == (Listed.ALLOWED, "a.example")


def test_each_line_that_is_left_out_is_named_with_its_reason(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    lines = [b",blocked,good.example", b",blocked,<b>no address", b",loved,a.example"]
    answer = send(browser, anna, HEAD + b"\n".join(lines))
    assert answer.status_code == 200
    page = said(answer)
    assert "1 entry is added." in page
    assert "Line 3: “<b>no address” is neither a mail address nor a domain." in page
    assert "Line 4: “loved” is not a list" in page
    assert "<b>" not in answer.text
    assert patterns(store, anna) == ["good.example"]


def test_a_file_with_nothing_to_look_at_leads_back_to_the_list(
    browser: FlaskClient, anna: Mailbox
) -> None:
    answer = send(browser, anna, HEAD + b",blocked,a.example\n")
    assert answer.location == f"{PAGE}{anna.id}"
    assert "1 entry is added." in told(browser, answer)


def test_a_careless_entry_of_a_file_is_warned_of_like_a_single_one(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    lines = b",blocked,gmail.com\n,blocked,a.example\n,allowed,muster.example\n,loved,b.example"
    page = said(send(browser, anna, HEAD + lines))
    assert "3 entries are added." in page
    assert "gmail.com: Anybody can get an address at this domain" in page
    assert "muster.example: This is your own domain, and forged mail" in page
    assert "muster.example: No recent message from there was proven" in page
    assert "Line 5: “loved” is not a list" in page
    assert "a.example: " not in page.replace("muster.example: ", "")


def test_of_a_file_that_is_all_used_only_the_warnings_are_listed(
    browser: FlaskClient, store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_SHOWN", 2)
    lines = b"\n".join(b",allowed,%d.example" % number for number in range(5))
    page = said(send(browser, anna, HEAD + lines))
    assert "Lines that were left out" not in page
    assert page.count("No recent message") == 2
    assert "and 3 more" in page


def test_a_file_is_advised_and_told_in_few_questions(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    counts = []
    for count in (1, 50):
        lines = b"\n".join(b",allowed,%d.example" % number for number in range(count))
        with asked(store) as statements:
            send(browser, anna, HEAD + lines)
        counts.append(len([each for each in statements if "row_number()" in each]))
    assert counts == [1, 1]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "at least the columns"), (b"\0\xff\xfe", "at least the columns"),
        (b"list\nallowed\n", "at least the columns"),
        (HEAD + b"x" * 200_000, "at least the columns"),
        (HEAD + b",blocked,a.example\n" * (MOST_LINES + 1), "This file is too large"),
    ],
    ids=["empty", "no text", "a column less", "one huge cell", "many lines"],
)  # fmt: skip
def test_a_file_that_is_no_list_is_refused_as_a_whole(
    browser: FlaskClient, store: Store, anna: Mailbox, raw: bytes, words: str
) -> None:
    answer = send(browser, anna, raw)
    assert answer.status_code == 422
    assert words in said(answer)
    assert patterns(store, anna) == []


def test_a_large_file_is_not_read(
    browser: FlaskClient, store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST_FILE", 50)
    for size, status in ((50, 303), (51, 422)):
        raw = HEAD + b",blocked,a.example\n"
        assert send(browser, anna, raw.ljust(size)).status_code == status


def test_a_form_without_a_file_says_so(browser: FlaskClient, anna: Mailbox) -> None:
    answer = post(in_english(browser), f"{PAGE}{anna.id}/import", CONTACT)
    assert (answer.status_code, "Please choose a table" in said(answer)) == (422, True)


def test_files_of_others_do_not_exist(
    browser: FlaskClient, store: Store, beat: Mailbox, stranger: Mailbox
) -> None:
    before = stock(store, without=lambda column: column == "sign_ins.seen_at")
    for mailbox in (beat, stranger):
        assert browser.get(f"{PAGE}{mailbox.id}/senders.csv").status_code == 404
        assert send(browser, mailbox, HEAD + b",blocked,a.example").status_code == 404
    assert stock(store, without=lambda column: column == "sign_ins.seen_at") == before
