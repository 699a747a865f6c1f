"""Archives and mails that carry files, made in memory for tests."""

import base64
import gzip
import io
import tarfile
import zipfile

from tests.filter.exams import raw_mail


def a_zip(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    with zipfile.ZipFile(target := io.BytesIO(), "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return target.getvalue()


def a_tar(files: dict[str, bytes]) -> bytes:
    with tarfile.open(fileobj=(target := io.BytesIO()), mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return target.getvalue()


def a_locked_zip(name: str = "rechnung.txt") -> bytes:
    """Return a ZIP that says it is encrypted, in both headers."""
    content = bytearray(a_zip({name: b"secret"}))
    content[6] |= 1
    content[content.find(b"PK\1\2") + 8] |= 1
    return bytes(content)


def a_tarball(files: dict[str, bytes]) -> bytes:
    return gzip.compress(a_tar(files))


def with_file(
    name: str, content: bytes, *, text: str = "Guten Tag", kind: str = "application/octet-stream"
) -> str:
    """Return a mail with a text and one attachment."""
    body = base64.encodebytes(content).decode()
    return f"""
Subject: Unterlagen
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

{text}
--b
Content-Type: {kind}
Content-Disposition: attachment; filename="{name}"
Content-Transfer-Encoding: base64

{body}
--b--
"""


def raw_with_file(name: str, content: bytes) -> bytes:
    return raw_mail(with_file(name, content))
