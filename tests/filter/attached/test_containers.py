import time

import pytest

from filter.attached.attachments import TEST_VIRUS, Seen, look
from filter.attached.magic import program
from mailstore.mime import Mail
from mailstore.tnef import SIGNATURE
from tests.filter.attached.packed import a_zip, raw_with_file
from tests.tnef import BEGINS, DATA, TITLE, a_tnef

STUB = b"MZ This program cannot be run in DOS mode"


def seen(content: bytes, name: str = "winmail.dat") -> Seen:
    return look(Mail(raw_with_file(name, content)))


@pytest.mark.parametrize(
    "attributes",
    [
        ((BEGINS, b""), (TITLE, b"Rechnung.exe\0"), (DATA, b"MZ")),
        ((BEGINS, b""), (DATA, b"rem x"), (TITLE, b"Rechnung.exe\0")),
        ((BEGINS, b""), (DATA, b"Hi"), (BEGINS, b""), (TITLE, b"invoice.exe\0"), (DATA, b"x")),
    ],
    ids=["German", "title behind its data", "English second file"],
)
def test_a_program_in_a_winmail_file_is_found(attributes: tuple[tuple[int, bytes], ...]) -> None:
    (found,) = seen(a_tnef(*attributes)).programs
    assert found.lower().endswith(".exe")


def test_an_archive_in_a_winmail_file_is_opened() -> None:
    content = a_tnef((TITLE, b"a.zip\0"), (DATA, a_zip({"x.txt": TEST_VIRUS})))
    assert seen(content).viruses


@pytest.mark.parametrize(
    "content",
    [a_tnef((TITLE, b"Plan.pdf\0"), (DATA, b"%PDF-1.4\n")), a_tnef(), SIGNATURE],
    ids=["a drawing", "nothing", "only its beginning"],
)
def test_an_ordinary_winmail_file_is_harmless(content: bytes) -> None:
    assert seen(content).programs == []


def test_a_winmail_file_that_breaks_off_is_not_called_checked() -> None:
    assert seen(a_tnef((DATA, b"x" * 99))[:-50]).closed


def test_a_winmail_file_without_end_ends_in_time() -> None:
    begun = time.process_time()
    assert seen(a_tnef(*[(TITLE, b"")] * 100_000)).knots
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "content",
    [
        b"{\\rtf1{\\object{\\*\\objdata 0105 " + b"Package\0".hex().encode() + b"}}}",
        b"{\\rtf1{\\*\\OBJDATA " + STUB.hex().encode() + b"}}",
        b"{\\rt{\\*\\objdata " + b"Equation.3\0".hex().encode() + b"}}",
        b"%PDF-1.4\n<</S/Launch/F(cmd.exe)>>",
        b"%PDF-1.4\n<</S/L#61unch/F(cmd.exe)>>",
    ],
    ids=["packed file", "program itself", "old formulas", "PDF", "PDF with a number"],
)
def test_a_document_that_starts_a_program_is_one(content: bytes) -> None:
    assert program(content)


@pytest.mark.parametrize(
    "content",
    [
        b"{\\rtf1 Guten Tag \\b Rechnung\\b0 }",
        b"{\\rtf1{\\*\\objdata " + b"Excel.Chart.8\0".hex().encode() + b"}}",
        b"%PDF-1.4\n<</S/URI/URI(http://a.example/Launch)>> /LaunchPad",
        b"Package and \\objdata in a text",
    ],
    ids=["letter", "chart", "PDF with a link", "plain text"],
)
def test_an_ordinary_document_is_none(content: bytes) -> None:
    assert program(content) == ""
