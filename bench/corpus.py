"""Mail that somebody has already called ham or spam: one mail a file, in folders."""

import email
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path

HAM, SPAM = "ham", "spam"
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")


@dataclass(frozen=True, slots=True)
class Judged:
    """A mail as SMTP would bring it, and what somebody called it."""

    path: Path
    label: str
    raw: bytes

    @property
    def sender(self) -> str:
        """The address that Return-Path names, or an empty text."""
        head = email.message_from_bytes(self.raw.partition(b"\r\n\r\n")[0])
        address = parseaddr(str(head.get("Return-Path", "")))[1]
        return address if address.isascii() and _ADDRESS.fullmatch(address) else ""


def read(folders: Sequence[Path], label: str) -> list[Judged]:
    """Return the mails of folders, by name; files of other kinds beside them are passed over."""
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    mails = (Judged(path, label, as_smtp(path.read_bytes())) for path in paths if _is_mail(path))
    return [each for each in mails if each.raw]


def as_smtp(raw: bytes) -> bytes:
    """Return a file's mail as SMTP carries it: CRLF, and without the line that mbox adds."""
    if raw.startswith((b"From ", b">From ")):
        raw = raw.partition(b"\n")[2]
    return re.sub(rb"\r\n|\r|\n", b"\r\n", raw)


def _is_mail(path: Path) -> bool:
    return path.suffix not in {".json", ".js", ".md"} and not path.name.startswith((".", "cmds"))
