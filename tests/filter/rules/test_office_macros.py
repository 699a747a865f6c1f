import subprocess
import sys

import pytest

from filter.attached.macros import Macros, macros_in
from mailstore.sandbox import ROOT
from tests.filter.attached.office import HARMFUL, HARMLESS, STARTS, a_document, a_modern_document
from tests.filter.attached.packed import a_zip, with_file
from tests.filter.exams import an_exam, found

BOTH = ["MACROS", "DANGEROUS_MACROS"]
SHEET = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le")


def names(name: str, content: bytes) -> list[str]:
    exam = an_exam(with_file(name, content))
    return [symbol for symbol in BOTH if found(symbol, exam)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Rechnung.doc", a_document(HARMFUL)),
        ("invoice.docm", a_modern_document(HARMFUL)),
        ("report.xls", a_document(STARTS)),
        ("a.zip", a_zip({"b.docx": a_modern_document(HARMFUL)})),
        ("a.xls", SHEET + b"\x85\0\x0e\0\x01\x02\x03\x04\x02\x01\x06\0Macro1"),
    ],
    ids=["German", "English", "starts a program", "in an archive", "hidden sheet of Excel 4"],
)
def test_macros_that_could_do_harm_are_found(name: str, content: bytes) -> None:
    assert names(name, content) == ["DANGEROUS_MACROS"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Budget.xls", a_document(HARMLESS)),
        ("budget.xlsm", a_modern_document(HARMLESS)),
        ("a.docm", a_zip({"[Content_Types].xml": b"<x/>"})),
        ("a.doc", a_document(HARMLESS)[:700] + "_VBA_PROJECT".encode("utf-16-le")),
        ("a.xls", SHEET + b"\x85\0\x0e\0\x01\x02\x03\x04\0\x01\x06\0Macro1"),
    ],
    ids=["German", "English", "only by its name", "unreadable", "visible sheet of Excel 4"],
)
def test_other_macros_only_weigh(name: str, content: bytes) -> None:
    assert names(name, content) == ["MACROS"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Brief.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000)),
        ("minutes.docx", a_zip({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"})),
        ("about AutoOpen.txt", HARMFUL.encode()),
    ],
    ids=["German", "English", "talk of macros"],
)
def test_documents_without_macros_pass(name: str, content: bytes) -> None:
    assert names(name, content) == []


@pytest.mark.parametrize("at", range(512, 3000, 97))
def test_no_damage_to_macros_breaks_anything(at: int) -> None:
    document = a_document(HARMFUL)
    assert macros_in(document[:at] + b"\xff" * 40 + document[at + 40 :]) in Macros


def test_the_reader_of_macros_is_not_loaded_before_it_is_needed() -> None:
    asked = "import filter.reading, sys; sys.exit('oletools' in sys.modules)"
    subprocess.run([sys.executable, "-c", asked], cwd=ROOT, check=True)  # noqa: S603 (our own)
