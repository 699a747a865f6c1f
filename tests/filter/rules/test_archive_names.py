import pytest

from tests.filter.attached.packed import a_tarball, a_zip, with_file
from tests.filter.exams import an_exam, found

SYMBOL = "ARCHIVE_NAME_LEAVES"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Rechnung.zip", a_zip({"../../Autostart/a.txt": b"x"})),
        ("invoice.tgz", a_tarball({"/etc/cron.d/a": b"x"})),
        ("a.zip", a_zip({"C:\\a.txt": b"x"})),
    ],
    ids=["German", "English", "drive"],
)
def test_a_name_that_leaves_its_folder_is_found(name: str, content: bytes) -> None:
    assert len(found(SYMBOL, an_exam(with_file(name, content)))) == 1


@pytest.mark.parametrize(
    "files",
    [{"Ordner/Brief.txt": b"x", "a..b.txt": b"x"}, {"conference/auxiliary.txt": b"x"}],
    ids=["German", "English"],
)
def test_ordinary_names_pass(files: dict[str, bytes]) -> None:
    assert found(SYMBOL, an_exam(with_file("a.zip", a_zip(files)))) == []
