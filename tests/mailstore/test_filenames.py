import time

import pytest

from mailstore.filenames import dangerous, readings, runs

TURNS = "\u202e"


@pytest.mark.parametrize(
    "name",
    ["Rechnung.pdf.exe", "a.EXE . .", "a.exe\0.pdf", f"invoice{TURNS}fdp.exe", f"a{TURNS}exe.pdf",
     "a\uff0eexe", "a\u3002scr", "a.exe\u200b", "a.exe:zone", 'a.exe"', "a.lnk", "x.js "],
)  # fmt: skip
def test_a_name_that_some_program_runs_is_known(name: str) -> None:
    assert runs(name)


@pytest.mark.parametrize("name", ["Rechnung.pdf", "exe", ".exe", "a.exec", "", "...", "a.txt.gz"])
def test_other_names_are_not(name: str) -> None:
    assert not runs(name)


@pytest.mark.parametrize(
    "field",
    ['attachment; filename="a.txt"; filename="b.exe"', "attachment; filename*1=xe; filename*0=b.e",
     "x/y; name*=utf-8''b%2Eexe", "x/y; name=b%2Eexe", 'x/y; name="b.e\\xe"',
     "attachment; filename*0*=utf-8''b.; filename*1=exe", 'x; name="=?utf-8?q?b=2Eexe?="'],
    ids=["twice", "pieces out of order", "percent", "percent without a charset", "backslash",
         "charset in pieces", "encoded word"],
)  # fmt: skip
def test_any_reading_of_a_field_is_tried(field: str) -> None:
    assert dangerous(readings("a.txt", [field])) == "b.exe"


@pytest.mark.parametrize("piece", ["name=", "name*0", '"', "\\", "name ", "%41", "'", " "])
def test_names_are_read_in_linear_time(piece: str) -> None:
    field = "attachment; filename=" + piece * (64_000 // len(piece))
    begun = time.process_time()
    dangerous(readings("a.txt", [field]))
    assert time.process_time() - begun < 0.5
