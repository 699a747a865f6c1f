import pytest

from filter.attached.magic import ONENOTE
from tests.filter.attached.packed import with_file
from tests.filter.exams import an_exam, found

EMBEDDED = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac") + bytes(20)


@pytest.mark.parametrize(
    ("name", "content"),
    [("Notizen.one", b"x"), ("notes.dat", ONENOTE + bytes(50))],
    ids=["German name", "English content"],
)
def test_a_notebook_is_found(name: str, content: bytes) -> None:
    assert found("ONENOTE_ATTACHMENT", an_exam(with_file(name, content))) == [name]


@pytest.mark.parametrize("name", ["einer.txt", "one"], ids=["German", "English"])
def test_other_files_pass(name: str) -> None:
    assert found("ONENOTE_ATTACHMENT", an_exam(with_file(name, b"one"))) == []


@pytest.mark.parametrize("inner", [b"MZ\x90", b"@echo off\r\n"], ids=["program", "script"])
def test_a_program_in_a_notebook_is_a_program(inner: bytes) -> None:
    exam = an_exam(with_file("a.one", ONENOTE + bytes(50) + EMBEDDED + inner))
    assert found("EXECUTABLE_ATTACHMENT", exam) == ["a.one"]
