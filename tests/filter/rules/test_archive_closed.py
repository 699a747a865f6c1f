import pytest

from tests.filter.attached.packed import a_zip, with_file
from tests.filter.exams import an_exam, found

SYMBOL = "ARCHIVE_CLOSED"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Rechnung.7z", b"7z\xbc\xaf\x27\x1c" + bytes(40)),
        ("invoice.rar", b"Rar!\x1a\x07\x01\0" + bytes(40)),
        ("a.cab", b"MSCF\0\0\0\0" + bytes(40)),
        ("a.zip", a_zip({"a": b"x" * 1000})[:40]),
        ("harmless.txt", b"Rar!\x1a\x07\0" + bytes(40)),
    ],
    ids=["German 7z", "English rar", "cab", "broken zip", "another name"],
)
def test_an_archive_that_we_cannot_open_is_known_for_one(name: str, content: bytes) -> None:
    assert len(found(SYMBOL, an_exam(with_file(name, content)))) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [("Brief.zip", a_zip({"Brief.txt": b"x"})), ("talk of rar.txt", b"Rar! is a roar.")],
    ids=["German", "English"],
)
def test_what_opens_passes(name: str, content: bytes) -> None:
    assert found(SYMBOL, an_exam(with_file(name, content))) == []
