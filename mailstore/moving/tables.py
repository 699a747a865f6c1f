"""A file as lines of cells: CSV as any spreadsheet writes it, or a workbook.

It runs in the sandboxed child: a workbook is an archive of XML that somebody else made.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from openpyxl import load_workbook

from mailstore.moving.values import MOST_ROWS, BadFile, Wrong

# Where a line of the file begins, and its cells.
Line = tuple[int, Sequence[str]]

MOST_COLUMNS = 200
# No spreadsheet has more rows.
LAST_ROW = 2**20
LONGEST_CELL = 20_000
MOST_UNPACKED, MOST_MEMBERS = 128 * 2**20, 2000
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
ARCHIVE, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
BETWEEN = ";,\t"
# What spreadsheets and PowerShell write above the headings.
ABOVE = ("sep=", "#type ")
DECLARED = (b"<!DOCTYPE", b"<!ENTITY")
HEAD = 4096


def lines_of(raw: bytes) -> Iterator[Line]:
    """Yield the lines of a file that say anything; raises BadFile."""
    if not raw.strip():
        raise BadFile(Wrong.EMPTY)
    if raw.startswith(OLD_EXCEL):
        raise BadFile(Wrong.OLD_EXCEL)
    found = _of_workbook(raw) if raw.startswith(ARCHIVE) else _of_text(decoded(raw))
    said = (line for line in found if any(map(str.strip, line[1])))
    for number, line in enumerate(said):
        # One more for the headings.
        if number > MOST_ROWS:
            raise BadFile(Wrong.TOO_MANY)
        yield line


def decoded(raw: bytes) -> str:
    """Return the text of a file in the encoding that it shows by its bytes; raises BadFile."""
    encoding = next((each for mark, each in MARKS.items() if raw.startswith(mark)), "")
    if not encoding and b"\0" in raw[:2]:
        encoding = "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"
    try:
        text = raw.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        if encoding:
            raise BadFile(Wrong.NO_TEXT) from None
        text = raw.decode("cp1252", "replace")
    if "\0" in text:
        raise BadFile(Wrong.NO_TEXT)
    return text


def _of_text(text: str) -> Iterator[Line]:
    source = io.StringIO(text, newline="")
    skipped, head = 0, source.readline()
    while head.strip() == "" or head.lower().startswith(ABOVE):
        if not head:
            return
        skipped, head = skipped + 1, source.readline()
    source.seek(source.tell() - len(head))
    table = csv.reader(source, delimiter=_between(head))
    begins = 1
    try:
        for cells in table:
            yield skipped + begins, cells[:MOST_COLUMNS]
            begins = table.line_num + 1
    except csv.Error:
        raise BadFile(Wrong.NO_TEXT) from None


def _between(head: str) -> str:
    """Return what parts the cells: what stands most often outside of quotes."""
    bare = "".join(head.split('"')[::2])
    return max(BETWEEN, key=bare.count)


def _of_workbook(raw: bytes) -> Iterator[Line]:
    """Yield the lines of the first sheet that has any."""
    try:
        _check_archive(raw)
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            # What a sheet says of its size may be anything.
            sheet.reset_dimensions()
            rows = sheet.iter_rows(values_only=True, max_row=LAST_ROW, max_col=MOST_COLUMNS)
            # Between a row and the next there may be a million without any cell.
            lines = (line for line in enumerate(rows, 1) if line[1].count(None) < len(line[1]))
            found = ((number, [_cell(each) for each in cells]) for number, cells in lines)
            first = next((line for line in found if any(line[1])), None)
            if first is not None:
                yield first
                yield from found
                return
    except BadFile:
        raise
    # Whatever a crafted workbook breaks: the child says that it is no workbook.
    except Exception:  # noqa: BLE001 (openpyxl raises anything for a broken workbook)
        raise BadFile(Wrong.UNREADABLE) from None


def _check_archive(raw: bytes) -> None:
    """Raise BadFile for an archive that unpacks to too much, or whose XML declares entities."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS or sum(each.file_size for each in members) > MOST_UNPACKED:
            raise BadFile(Wrong.HARMFUL)
        for each in members:
            with archive.open(each) as file:
                head = file.read(HEAD)
            if any(mark in head for mark in DECLARED):
                raise BadFile(Wrong.HARMFUL)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case float() if value.is_integer():
            return str(int(value))
        case datetime() | date():
            return value.isoformat()
    return str(value)[:LONGEST_CELL]
