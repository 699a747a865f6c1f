from datetime import UTC, datetime
from io import StringIO

import pytest

from mailstore import listfiles, senders, spreadsheets
from mailstore.errors import BadName
from mailstore.listfiles import LeftOut, TooManyLines
from mailstore.senders import Listed, Owner, Wish
from mailstore.store import Store
from tests.factories import a_mailbox

HEAD = "owner,list,sender\n"


@pytest.fixture
def owner(store: Store) -> Owner:
    with store.write() as db:
        anna = a_mailbox(db)
        return Owner(anna.tenant_id, mailbox_id=anna.id)


def exported(store: Store, owner: Owner) -> str:
    out = StringIO(newline="")
    with store.read() as db:
        listfiles.write_lists(db, owner.tenant_id, out, only=owner)
    return out.getvalue()


@pytest.mark.parametrize(
    "pattern",
    ["=1+1@a.example", "+1@a.example", "-1@a.example", "'=1@a.example", "''+1@a.example",
     "'bob@a.example", "bob@a.example", "a.example"],
)  # fmt: skip
def test_no_cell_begins_like_a_formula_and_all_come_back_as_they_were(
    store: Store, owner: Owner, pattern: str
) -> None:
    with store.write() as db:
        senders.enter(db, owner, Wish(Listed.BLOCKED, pattern), by="=cmd|' /C calc'!A0")
    text = exported(store, owner)
    for cell in text.splitlines()[1].split(","):
        assert not cell.startswith(spreadsheets.FORMULA), cell
    assert [each.pattern for each in listfiles.plan(StringIO(text)).wishes] == [pattern]


@pytest.mark.parametrize("text", ["=", "+x", "-x", "@x", "\tx", "\rx", "'=", "''\tx"])
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    assert spreadsheets.inert(text) == f"'{text}"
    assert spreadsheets.unquoted(spreadsheets.inert(text)) == text


def test_only_the_entries_of_the_list_are_written(store: Store, owner: Owner) -> None:
    with store.write() as db:
        for whose, pattern in ((owner, "mine.example"), (Owner(owner.tenant_id), "all.example")):
            senders.enter(db, whose, Wish(Listed.BLOCKED, pattern), by="anna")
    assert "mine.example" in exported(store, owner)
    assert "all.example" not in exported(store, owner)


def test_a_plan_says_of_each_line_that_is_left_out_which_cell_it_is() -> None:
    lines = ["owner,list,sender,proof,expires", "x@elsewhere.example,blocked,a.example,,",
             ",never,a.example,,", ",blocked,a b,,", ",blocked,a.example,magic,",
             ",blocked,a.example,,0001-01-01T00:00+14:00"]  # fmt: skip
    found = listfiles.plan(StringIO("\n".join(lines)))
    assert [each.pattern for each in found.wishes] == ["a.example"]
    assert found.left_out == [
        LeftOut(3, "list", "never"), LeftOut(4, "sender", "a b"), LeftOut(5, "proof", "magic"),
        LeftOut(6, "expires", "0001-01-01T00:00+14:00"),
    ]  # fmt: skip


def test_a_table_of_a_spreadsheet_that_parts_by_semicolons_is_understood() -> None:
    text = "list;sender\r\nblocked;a.example\r\n"
    assert [each.pattern for each in listfiles.plan(StringIO(text)).wishes] == ["a.example"]


@pytest.mark.parametrize("text", ["2026-12-31", "31.12.2026", "2026-12-31T01:00:00+01:00"])
def test_a_day_is_read_as_machines_and_as_people_here_write_it(text: str) -> None:
    (wish,) = listfiles.plan(StringIO(f"list,sender,expires\nblocked,a.example,{text}\n")).wishes
    assert wish.expires_at == datetime(2026, 12, 31, tzinfo=UTC)


def test_a_list_parted_by_semicolons_comes_back_as_it_was(store: Store, owner: Owner) -> None:
    ends = datetime(2026, 12, 31, 12, 30, tzinfo=UTC)
    wish = Wish(Listed.ALLOWED, "bob+1@a.example", "dkim spf", expires_at=ends)
    with store.write() as db:
        senders.enter(db, owner, wish, by="anna;b,c")
    out = StringIO(newline="")
    with store.read() as db:
        listfiles.write_lists(db, owner.tenant_id, out, only=owner, between=";")
    assert out.getvalue().startswith("owner;list;sender;proof;expires;")
    assert listfiles.plan(StringIO(out.getvalue(), newline="")).wishes == [wish]


def test_lines_without_anything_are_passed_over() -> None:
    found = listfiles.plan(StringIO(f"{HEAD},,\n , ,\n   \n,blocked,a.example\n"))
    assert (len(found.wishes), found.left_out) == (1, [])


@pytest.mark.parametrize("text", ["", "\n", "nonsense", "owner,sender\n,a.example\n"])
def test_a_file_without_the_columns_is_no_list(text: str) -> None:
    with pytest.raises(BadName):
        listfiles.plan(StringIO(text))


def test_a_file_of_too_many_lines_is_not_begun() -> None:
    with pytest.raises(TooManyLines):
        listfiles.plan(StringIO(HEAD + ",blocked,a.example\n" * (listfiles.MOST_LINES + 1)))
