"""A mail while it comes in: once it is not small, a file without a name; in one canonical form.

The end of DATA is CRLF.CRLF and nothing else (RFC 5321 §4.1.1.4); bare CR and LF inside are
made CRLF once, so that scan, signature, display and delivery all see the same lines.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

from mailstore.sandbox import Content

CHUNK = 256 * 1024
SMALL = 64 * 1024


class Canonical:
    """Undoes dot-stuffing and bare line ends, chunk by chunk, however they are cut.

    The first chunk begins with the line end of the DATA command itself, because the first
    line of a mail may begin with a dot; it is not part of the mail.
    """

    def __init__(self) -> None:
        self._held = b""
        self._first = True
        self.bare = False

    def feed(self, chunk: bytes) -> bytes:
        """Return what is certain of the mail after this chunk."""
        data = self._held + chunk
        keep = 2 if data.endswith(b"\r\n") else int(data.endswith(b"\r"))
        cut = len(data) - keep
        self._held, data = data[cut:], data[:cut]
        if data:
            data = self._clean(data)
            if self._first:
                self._first, data = False, data[2:]
        return data

    def end(self) -> bytes:
        """Return the rest, once the terminator has been taken off."""
        rest = b"" if self._first else self._held
        self._held = b""
        return rest

    def _clean(self, data: bytes) -> bytes:
        data = data.replace(b"\r\n.", b"\r\n")
        ends = data.count(b"\r\n")
        if data.count(b"\n") != ends or data.count(b"\r") != ends:
            self.bare = True
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
        return data


class Spool:
    """What a mail is streamed into; without a folder, its file is in the system's temporary one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._small = bytearray()
        self._file: IO[bytes] | None = None
        self.size = 0
        self.bare = False
        self._failure: OSError | None = None

    def write(self, data: bytes) -> None:
        """Append canonical bytes; a disk that fails is told by `check`, not here.

        The client sends to the end of its mail whatever happens to us.
        """
        self.size += len(data)
        if self._file is None and self.size <= SMALL:
            self._small += data
            return
        try:
            if self._failure is None:
                self._opened().write(data)
        except OSError as error:
            self._failure = error

    def check(self) -> None:
        """Raise the OSError that kept some of the mail from being written."""
        if self._failure is not None:
            raise self._failure

    def content(self) -> Content:
        """Return a small mail's bytes, or the descriptor with everything written behind it."""
        if self._file is None:
            return bytes(self._small)
        self._file.flush()
        return self._file.fileno()

    def chunks(self) -> Iterator[bytes]:
        """Yield the mail from its beginning."""
        if self._file is None:
            yield bytes(self._small)
            return
        self._file.seek(0)
        while chunk := self._file.read(CHUNK):
            yield chunk

    def beside(self) -> "Spool":
        """Return an empty spool in the same place, for the same mail in another form."""
        other = Spool(self._folder)
        other.bare = self.bare
        return other

    def close(self) -> None:
        """Let the mail go; nothing of it stays."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # what was not written is not wanted any more
                self._file.close()

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            file = tempfile.TemporaryFile(dir=self._folder, buffering=CHUNK)  # noqa: SIM115 (we close)
            self._file = file
            self._file.write(self._small)
            self._small.clear()
        return self._file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
