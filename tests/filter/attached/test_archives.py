import bz2
import gzip
import io
import lzma
import os
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter.attached.attachments import TEST_VIRUS, Seen, look
from mailstore.mime import Mail
from tests.filter.attached.packed import a_tar, a_tarball, a_zip, raw_with_file

EVIL = {"Rechnung.pdf.exe": b"MZ"}
VIRUS = {"ordner/eicar.txt": TEST_VIRUS}


def seen(name: str, content: bytes) -> Seen:
    return look(Mail(raw_with_file(name, content)))


def nested(depth: int, inner: bytes) -> bytes:
    for level in range(depth):
        inner = a_zip({f"{level}.zip": inner})
    return inner


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", a_zip(VIRUS)),
        ("a.zip", a_zip(VIRUS, zipfile.ZIP_STORED)),
        ("a.zip", a_zip(VIRUS, zipfile.ZIP_BZIP2)),
        ("a.zip", a_zip(VIRUS, zipfile.ZIP_LZMA)),
        ("a.dat", b"12345678" + a_zip(VIRUS)),
        ("a.docx", a_zip({"word/document.xml": TEST_VIRUS})),
        ("a.dat", a_zip(VIRUS)),
        ("a.tar", a_tar(VIRUS)),
        ("a.tar.gz", a_tarball(VIRUS)),
        ("a.gz", gzip.compress(TEST_VIRUS)),
        ("a.gz", gzip.compress(b"harmless") + gzip.compress(TEST_VIRUS)),
        ("a.bz2", bz2.compress(TEST_VIRUS)),
        ("a.xz", lzma.compress(TEST_VIRUS)),
        ("a.lzma", lzma.compress(TEST_VIRUS, lzma.FORMAT_ALONE)),
        ("a.zip", a_zip({"b.zip": a_zip({"c.tar.gz": a_tarball(VIRUS)})})),
        ("a.zip", nested(2, TEST_VIRUS)),
        ("a.docx", a_zip({"[Content_Types].xml": b"<x/>", "word/embeddings/a.bin": TEST_VIRUS})),
        ("a.zip", a_zip(VIRUS)[:-30]),
        ("a.zip", b"something before " + a_zip(VIRUS)),
    ],
    ids=["zip", "stored", "bzip2 in zip", "lzma in zip", "bytes before it",
         "page of a document", "no name of an archive", "tar", "tarball", "gzip",
         "gzip in two", "bzip2", "xz", "lzma", "zip in zip", "twice", "office", "cut off",
         "begins later"],
)  # fmt: skip
def test_a_virus_is_found_in_archives(name: str, content: bytes) -> None:
    assert seen(name, content).viruses


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("Unterlagen.zip", a_zip(EVIL), "Unterlagen.zip: Rechnung.pdf.exe"),
        ("a.tgz", a_tarball(EVIL), "a.tgz: Rechnung.pdf.exe"),
        ("a.zip", a_zip({"photo.jpg": b"\x7fELF"}), "a.zip: photo.jpg"),
        ("invoice.exe.gz", gzip.compress(b"x"), "invoice.exe.gz: invoice.exe"),
        ("a.zip", nested(1, a_zip(EVIL)), "a.zip: 0.zip: Rechnung.pdf.exe"),
    ],
    ids=["German zip", "tarball", "by its content", "English gzip", "archive in an archive"],
)
def test_a_program_is_found_in_archives(name: str, content: bytes, where: str) -> None:
    assert seen(name, content).programs == [where]


def overlapping() -> bytes:
    """Return a ZIP whose second file begins inside the first."""
    content = bytearray(a_zip({"a": os.urandom(2000), "b": b"x" * 900}, zipfile.ZIP_STORED))
    second = content.rfind(b"PK\1\2")
    struct.pack_into("<I", content, second + 42, 0)
    return bytes(content)


def lying(size: int) -> bytes:
    content = bytearray(a_zip({"a": b"x" * 5000}))
    struct.pack_into("<I", content, content.find(b"PK\1\2") + 24, size)
    return bytes(content)


def lying64() -> bytes:
    """Return a ZIP with other sizes in its directory's 64-bit field than in its data."""
    info = zipfile.ZipInfo("a")
    with zipfile.ZipFile(target := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(info, b"x" * 5000, zipfile.ZIP_DEFLATED)
        info.extra = struct.pack("<HHQ", 1, 8, 7)
        info.file_size = 7
    content = bytearray(target.getvalue())
    struct.pack_into("<I", content, content.find(b"PK\1\2") + 24, 0xFFFFFFFF)
    return bytes(content)


def hiding() -> bytes:
    """Return a ZIP whose directory does not list the file in the middle."""
    with zipfile.ZipFile(target := io.BytesIO(), "w") as archive:
        for name in ("a", "b.exe", "c"):
            archive.writestr(name, b"x" * 100)
        archive.filelist.pop(1)
    return target.getvalue()


# Made where they are tested: some take half a second.
BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "much": ("a.zip", lambda: a_zip({"a": bytes(30 * 2**20)})),
    "gzip": ("a.gz", lambda: gzip.compress(bytes(30 * 2**20))),
    "bzip2": ("a.bz2", lambda: bz2.compress(bytes(30 * 2**20))),
    "xz": ("a.xz", lambda: lzma.compress(bytes(30 * 2**20))),
    "tarball": ("a.tgz", lambda: a_tarball({"a": bytes(30 * 2**20)})),
    "many": ("a.zip", lambda: a_zip(dict.fromkeys(map(str, range(1001)), b"x"))),
    "very many": ("a.zip", lambda: a_zip(dict.fromkeys(map(str, range(65_000)), b""))),
    "many in a tar": ("a.tar", lambda: a_tar(dict.fromkeys(map(str, range(1001)), b""))),
    "many together": (
        "a.zip",
        lambda: a_zip({f"{n}.zip": a_zip(dict.fromkeys(map(str, range(400)), b""))
                       for n in range(4)}),
    ),
    "deep": ("a.zip", lambda: nested(5, b"x")),
    "deep gzip": ("a.gz", lambda: gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"x"))))),
    "wide and deep": ("a.zip", lambda: nested(2, a_zip({str(n): bytes(2**20) for n in range(16)}))),
    "overlapping": ("a.zip", overlapping),
    "larger than it says": ("a.zip", lambda: lying(50)),
    "smaller than it says": ("a.zip", lambda: lying(2**31)),
    "zip64": ("a.zip", lying64),
    "two in one": ("a.zip", lambda: a_zip({"ok.txt": b"x"}) + a_zip({"a.txt": b"y"})),
    "hidden": ("a.zip", hiding),
}  # fmt: skip


@pytest.mark.parametrize(("name", "packed"), BOMBS.values(), ids=BOMBS)
def test_an_archive_that_asks_for_too_much_is_stopped_in_time(
    name: str, packed: Callable[[], bytes]
) -> None:
    content = packed()
    begun = time.process_time()
    knots = seen(name, content).knots
    assert time.process_time() - begun < 2
    assert len(knots) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", a_zip({"Brief.txt": b"Guten Tag " * 5000, "b/": b""})),
        ("a.tgz", a_tarball({"minutes.txt": b"Hello " * 9000})),
        ("a.zip", nested(2, b"x")),
        ("a.pptx", a_zip({"[Content_Types].xml": b"<x/>"}
                         | {f"ppt/slides/{n}.xml": b"<x/>" for n in range(1500)})),
    ],
    ids=["German zip", "English tarball", "three deep", "a long presentation"],
)  # fmt: skip
def test_ordinary_archives_pass(name: str, content: bytes) -> None:
    found = seen(name, content)
    assert [found.knots, found.programs, found.closed, found.strays] == [[], [], [], []]


@pytest.mark.parametrize(
    "name",
    ["../a.txt", "a/../../b", "/etc/passwd", "C:\\a.txt", "\\\\host\\a", "aux.txt", "a\nb", "x/NUL",
     "..\\a", "a\0.txt"],
)  # fmt: skip
def test_a_name_that_leaves_its_folder_is_seen_and_nothing_is_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = a_zip({"placeholder"[: len(name)]: b"x"})
    content = content.replace("placeholder"[: len(name)].encode(), name.encode())
    assert seen("a.zip", content).strays
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=200), st.integers(0, 400), st.sampled_from(["a.zip", "a.tar", "a.gz"]))
def test_no_damage_to_an_archive_breaks_anything(noise: bytes, at: int, name: str) -> None:
    whole = {"a.zip": a_zip(VIRUS), "a.tar": a_tar(VIRUS), "a.gz": a_tarball(VIRUS)}[name]
    seen(name, whole[:at] + noise + whole[at + len(noise) :])
