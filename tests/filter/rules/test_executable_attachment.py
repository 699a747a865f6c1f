import pytest

from filter.attached import magic
from tests.filter.exams import an_exam, found

SYMBOL = "EXECUTABLE_ATTACHMENT"
RTLO = "\u202e"


def attached(disposition: str, *, body: str = "abc", kind: str = "application/pdf") -> str:
    return (
        f"Subject: Ihre Rechnung\nContent-Type: {kind}\n"
        f"Content-Disposition: {disposition}\n\n{body}\n"
    )


@pytest.mark.parametrize(
    "disposition",
    [
        'attachment; filename="Rechnung.pdf.exe"',
        "attachment; filename=invoice.js",
        'attachment; filename="MAHNUNG.SCR"',
        'inline; filename="photo.jpg.vbs"',
        'attachment; filename="rechnung.exe. . "',
        f'attachment; filename="rechnung{RTLO}fdp.exe"',
        'attachment; filename="=?utf-8?B?ZXZpbC5leGU=?="',
        "attachment; filename*=utf-8''Pr%C3%BCfung%2Eexe",
        'attachment; filename*0="rechnung.s"; filename*1="cr"',
        'attachment; filename="harmless.txt"; filename="invoice.exe"',
        'attachment; filename="=?utf-8?Q?evil.exe=E2=80=8B?="',
    ],
    ids=[
        "German double extension",
        "English script",
        "capitals",
        "inline",
        "dots and spaces at the end",
        "right to left",
        "encoded word",
        "percent",
        "in pieces",
        "two names",
        "zero width at the end",
    ],
)
def test_a_name_that_some_program_reads_as_a_program_is_found(disposition: str) -> None:
    assert len(found(SYMBOL, an_exam(attached(disposition)))) == 1


@pytest.mark.parametrize(
    "disposition",
    [
        'attachment; filename="ok.pdf"; filename*0="rechnung.s"; filename*1="cr"',
        "attachment; filename=\"ok.pdf\"; filename*=utf-8''evil%2Eexe",
        'attachment; filename="evil.exe\0.pdf"',
        'attachment; filename="ok.pdf"; name=evil.exe',
        'attachment; filename="evil.exe\u200b"',
    ],
    ids=["plain and pieces", "plain and percent", "NUL", "unquoted", "zero width in raw UTF-8"],
)
def test_a_harmless_name_beside_it_does_not_hide_a_program(disposition: str) -> None:
    assert len(found(SYMBOL, an_exam(attached(disposition)))) == 1


@pytest.mark.parametrize(
    ("mail", "seen"),
    [
        (attached('attachment; filename="Foto.jpg"', body="MZ\x90"), "Foto.jpg"),
        (attached("attachment", body="\x7fELF"), "application/pdf"),
        (
            attached('attachment; filename="read me.txt"', body="MZ", kind="text/plain"),
            "read me.txt",
        ),
    ],
    ids=["German picture", "without a name", "English text"],
)
def test_an_attachment_that_begins_like_a_program_is_one(mail: str, seen: str) -> None:
    assert found(SYMBOL, an_exam(mail)) == [seen]


@pytest.mark.parametrize(
    "mail",
    [
        attached('attachment; filename="Rechnung.pdf"'),
        attached('attachment; filename="minutes.docx"'),
        attached('attachment; filename="execute.exercise"'),
        attached("inline", body="MZ ist das Kürzel", kind="text/plain"),
        "Subject: setup.exe\n\nDie Datei setup.exe fehlt noch.\n",
    ],
    ids=["German PDF", "English document", "longer", "inline text", "talked about"],
)
def test_documents_and_talk_of_programs_pass(mail: str) -> None:
    assert found(SYMBOL, an_exam(mail)) == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("L\0\0\0\x01\x14\x02\0", "shortcut"),
        ("\x7fELF", "Linux"),
        ("ITSF\x03\0\0\0", "help"),
    ],
    ids=["shortcut", "Linux", "help"],
)
def test_a_program_of_any_kind_is_known_by_its_content(body: str, kind: str) -> None:
    assert kind in magic.program(body.encode("latin-1"))
    assert found(SYMBOL, an_exam(attached('attachment; filename="a.pdf"', body=body)))


def test_a_finding_shows_the_dangerous_reading() -> None:
    both = 'attachment; filename="Rechnung.pdf"; filename="invoice.exe"'
    assert found(SYMBOL, an_exam(attached(both))) == ["invoice.exe"]


def test_a_name_without_an_extension_passes() -> None:
    assert found(SYMBOL, an_exam(attached('attachment; filename="App"'))) == []
