"""Bytes as files to save: what no browser opens by itself, under a name that deceives nobody.

The name is the one the mail says (RFC 6266), without what leads to another folder or turns the
direction of a line.
"""

import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO
from urllib.parse import quote

from flask import Response
from werkzeug.wsgi import FileWrapper

from mailstore.charsets import one_line
from portal.access import store
from portal.security import FRAME_POLICY

SAVED = "application/octet-stream"
IN_MEMORY = 4 * 2**20
LONGEST_STEM, LONGEST_ENDING = 150, 20
# What file systems take is counted in bytes; the number of a second file of that name fits too.
MOST_BYTES = 240
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f/\\:*?\"<>|]+")
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{at}" for port in ("com", "lpt") for at in range(10)}
)
_IN_HEADER = "!#$&+-.^_`|~"


def file_name(name: str) -> str:
    """Return a name that every file system takes and that hides no ending; it is never empty."""
    # Windows drops dots and blanks at the end; in front, a dot would hide the file.
    plain = unicodedata.normalize("NFC", _FORBIDDEN.sub("_", one_line(name))).rstrip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending) > LONGEST_ENDING or "_" in ending:
        stem, dot, ending = plain, "", ""
    stem = stem.lstrip(" ._") or "attachment"
    if stem.partition(".")[0].strip().lower() in _DEVICES:
        stem = f"_{stem}"
    most = MOST_BYTES - len(f".{ending}".encode())
    shortened = stem[:LONGEST_STEM].encode()[:most].decode(errors="ignore").rstrip(" .")
    return f"{shortened}{dot}{ending}"


def download(content: bytes, name: str) -> Response:
    """Return bytes as a file to save, whatever they claim to be."""
    return _saved(Response(content, mimetype=SAVED), name)


def zipped(files: Iterable[tuple[str, bytes, datetime]], name: str) -> Response:
    """Return files, each its name, content and time, as a ZIP to save.

    It lies on disk, and a large one until it is sent. None of its names is there twice.
    """
    file = TemporaryFile(dir=store().settings.spool_folder)  # noqa: SIM115 (closed once sent)
    try:
        _write(file, files)
        answer = _answer(file)
    except BaseException:
        file.close()
        raise
    return _saved(answer, name)


def streamed(chunks: Iterator[bytes], size: int, name: str) -> Response:
    """Return chunks of so many bytes in all as a file to save."""
    answer = Response(chunks, mimetype=SAVED)
    answer.content_length = size
    return _saved(answer, name)


def _answer(file: IO[bytes]) -> Response:
    size = file.tell()
    file.seek(0)
    if size <= IN_MEMORY:
        with file:
            return Response(file.read(), mimetype=SAVED)
    answer = Response(FileWrapper(file), mimetype=SAVED, direct_passthrough=True)
    answer.call_on_close(file.close)
    answer.content_length = size
    return answer


def _write(file: IO[bytes], files: Iterable[tuple[str, bytes, datetime]]) -> None:
    taken: set[str] = set()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content, at in files:
            # ZIP knows no earlier year, and no later one (APPNOTE 4.4.6).
            entry = zipfile.ZipInfo(_alone(file_name(name), taken), at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def _alone(name: str, taken: set[str]) -> str:
    """Return a name that is not taken yet, not in another spelling either, and take it."""
    stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
    wanted, number = name, 1
    while wanted.casefold() in taken:
        number += 1
        wanted = f"{stem} ({number}){dot}{ending}"
    taken.add(wanted.casefold())
    return wanted


def _saved(answer: Response, name: str) -> Response:
    safe = file_name(name)
    disposition = f'attachment; filename="{_ascii(safe)}"'
    if not safe.isascii():
        # RFC 8187: programs that know it take this one, all others the one before.
        disposition += f"; filename*=UTF-8''{quote(safe, safe=_IN_HEADER)}"
    answer.headers["Content-Disposition"] = disposition
    answer.headers["Content-Security-Policy"] = FRAME_POLICY
    return answer


def _ascii(name: str) -> str:
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    # Some browsers decode what looks like percent-encoding here.
    bare = _FORBIDDEN.sub("_", bare.replace("%", "_")).strip(" ")
    stem, dot, _ = bare.rpartition(".")
    return bare if stem or not dot else f"attachment{bare}"
