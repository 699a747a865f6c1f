import pytest

from tests.filter.attached.packed import a_zip, with_file
from tests.filter.exams import an_exam, found

SYMBOL = "DISK_IMAGE"
ISO = bytes(32769) + b"CD001\x01" + bytes(100)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Rechnung.iso", b"x"),
        ("invoice.pdf", ISO),
        ("a.pdf", bytes(32769) + b"BEA01" + bytes(100)),
        ("a.bin", bytes(512) + b"conectix" + bytes(504)),
        ("a.bin", b"vhdxfile" + bytes(100)),
        ("a.bin", b"\xeb\x3c\x90" + bytes(51) + b"FAT12" + bytes(451) + b"\x55\xaa"),
        ("a.zip", a_zip({"a.img": b"x"})),
    ],
    ids=["German name", "English content", "UDF", "VHD", "VHDX", "IMG", "in an archive"],
)
def test_an_image_of_a_disk_is_found(name: str, content: bytes) -> None:
    assert len(found(SYMBOL, an_exam(with_file(name, content)))) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [("Bild.jpg", b"\xff\xd8" + bytes(40_000)), ("ISO 9001.pdf", b"%PDF CD001")],
    ids=["German", "English"],
)
def test_other_files_pass(name: str, content: bytes) -> None:
    assert found(SYMBOL, an_exam(with_file(name, content))) == []
