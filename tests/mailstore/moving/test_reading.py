import pytest

from mailstore.moving import asking, tables
from mailstore.moving.reading import table_of
from mailstore.moving.values import MOST_BYTES, BadFile, Form, Person, Wrong
from tests.mailstore.moving import files

ANNA = Person(2, "anna@muster.example", "Anna Keller", ("ak@muster.example",))


@pytest.mark.parametrize(
    ("text", "form", "line"),
    [
        (files.OWN, Form.OWN, 2), (files.BARE, Form.BARE, 1), (files.EXCHANGE, Form.MICROSOFT, 3),
        (files.MICROSOFT, Form.MICROSOFT, 2), (files.GOOGLE, Form.GOOGLE, 2),
        (files.DIRECTORY, Form.DIRECTORY, 2), (files.GERMAN, Form.NAMED, 2),
        (files.FRENCH, Form.NAMED, 2), (files.ITALIAN, Form.NAMED, 2),
    ],
    ids=["own", "bare", "exchange", "microsoft", "google", "directory", "de", "fr", "it"],
)  # fmt: skip
def test_a_file_is_known_by_its_headings(text: str, form: Form, line: int) -> None:
    table = table_of(text.encode())
    first = table.people[0]
    assert (table.form, first.line) == (form, line)
    assert (first.main, first.name, first.aliases) == (ANNA.main, ANNA.name, ANNA.aliases)


def test_a_shared_mailbox_is_known_and_one_of_the_system_left_out() -> None:
    people = table_of(files.EXCHANGE.encode()).people
    assert [(each.main, each.shared) for each in people] == [
        ("anna@muster.example", False), ("info@muster.example", True),
    ]  # fmt: skip


def test_who_may_not_sign_in_elsewhere_does_not_here() -> None:
    blocked = files.MICROSOFT.replace("False", "True"), files.DIRECTORY.replace("512", "514")
    assert [table_of(each.encode()).people[0].signs_in for each in blocked] == [False, False]


def test_columns_that_say_nothing_are_named() -> None:
    assert table_of(files.GOOGLE.encode()).ignored == ("Password [Required]", "Recovery Email")
    assert table_of(files.EXCHANGE.encode()).ignored == ("Alias",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("between", [";", ",", "\t"])
def test_a_text_may_be_written_in_any_way(encoding: str, between: str) -> None:
    line = ["Zoë Müller", "zoe@muster.example"]
    text = between.join(["Name", "Adresse"]) + "\r\n" + between.join(f'"{x}"' for x in line)
    assert table_of(text.encode(encoding)).people == (Person(2, line[1], line[0]),)


def test_a_line_has_the_number_that_an_editor_shows() -> None:
    text = 'sep=;\nname;address\n"Anna\nKeller";a@muster.example\n\nBeat;b@muster.example\n'
    people = table_of(text.encode()).people
    assert [(each.line, each.name) for each in people] == [(3, "Anna Keller"), (6, "Beat")]


def test_a_workbook_is_read_in_the_child_with_numbers_and_empty_cells() -> None:
    raw = files.a_workbook(
        ["Name", "Address", "Aliases", "Room"],
        ["Anna Keller", "anna@muster.example", "ak@muster.example", 12.0],
        [None, None, None, None],
        [4711, "beat@muster.example", None, None],
    )
    table = asking.read(raw)
    assert table.people == (ANNA, Person(4, "beat@muster.example", "4711"))
    assert table.ignored == ("Room",)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"  ", Wrong.EMPTY), (b"name;address\n", Wrong.NO_TABLE),
        (b"Name;Phone\nAnna;1\n", Wrong.NO_ADDRESSES), (b"a\0b\0\0\0x@y", Wrong.NO_TEXT),
        (b"\xd0\xcf\x11\xe0rest", Wrong.OLD_EXCEL), (b"PK\x03\x04rest", Wrong.UNREADABLE),
        (b"name,address\n" + b'"' + b"x" * 200_000 + b'",a@b.example', Wrong.NO_TEXT),
    ],
    ids=["empty", "headings alone", "no addresses", "bytes", "old excel", "broken", "huge cell"],
)  # fmt: skip
def test_what_is_no_file_of_people_is_refused(raw: bytes, why: Wrong) -> None:
    with pytest.raises(BadFile) as caught:
        table_of(raw)
    assert caught.value.why is why


def test_a_workbook_that_unpacks_to_too_much_or_declares_entities_is_refused() -> None:
    good = files.a_workbook(["Address"], ["anna@muster.example"])
    sheet, strings = (
        "xl/worksheets/sheet2.xml",
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>',
    )
    bomb = files.with_member(good, sheet, b" " * (tables.MOST_UNPACKED + 1))
    for raw in (bomb, files.with_member(good, sheet, strings)):
        with pytest.raises(BadFile) as caught:
            table_of(raw)
        assert caught.value.why is Wrong.HARMFUL


def test_rows_that_a_workbook_only_counts_take_no_time() -> None:
    good = files.a_workbook(["Address"])
    row = "<row r='{}'><c t='inlineStr'><is><t>{}</t></is></c></row>"
    rows = row.format(1, "Address") + row.format(2**20, "anna@muster.example")
    beyond = row.format(2**40, "beat@muster.example")
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f"<worksheet xmlns='{space}'><sheetData>{rows}{beyond}</sheetData></worksheet>"
    raw = files.with_member(good, "xl/worksheets/sheet2.xml", sheet.encode())
    (anna,) = asking.read(raw).people
    assert (anna.line, anna.main) == (2**20, "anna@muster.example")


def test_too_many_lines_or_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    with pytest.raises(BadFile) as caught:
        table_of(b"address\n" + b"anna@muster.example\n" * 3)
    assert caught.value.why is Wrong.TOO_MANY
    with pytest.raises(BadFile):
        asking.read(b"x" * (MOST_BYTES + 1))


def test_columns_of_power_mean_nothing() -> None:
    text = "address,role,tenant_id,is_admin,owner\nanna@muster.example,admin,1,true,1\n"
    table = table_of(text.encode())
    assert table.people == (Person(2, "anna@muster.example"),)
    assert table.ignored == ("role", "tenant_id", "is_admin", "owner")


@pytest.mark.parametrize("heading", ["Alias", "Alias;;"])
def test_further_aliases_go_on_to_the_right_of_their_heading(heading: str) -> None:
    text = f"Name;Adresse;{heading}\nAnna;anna@muster.example;a@muster.example;b@muster.example\n"
    (person,) = table_of(text.encode()).people
    assert person.aliases == ("a@muster.example", "b@muster.example")


def test_what_stands_beyond_other_headings_is_no_alias() -> None:
    text = "Alias;Adresse\na@muster.example;anna@muster.example;b@muster.example\n"
    (person,) = table_of(text.encode()).people
    assert person.aliases == ("a@muster.example",)
