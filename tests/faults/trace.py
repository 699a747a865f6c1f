"""What strace wrote, read as calls: which thread did what to which file, and in what order."""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LINE = re.compile(r"(?P<pid>\d+) +(?P<rest>.*)")
RESUMED = re.compile(r"<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)")
UNFINISHED = "<unfinished ...>"
CALL = re.compile(r"(?P<name>\w+)\((?P<args>.*)\) += (?P<result>-?\d+|\?)(?P<more>.*)", re.S)
DESCRIPTOR = re.compile(r"-?\d+<(?P<path>[^>]*)>")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
CREATES = "O_CREAT"
FAILED = -1


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the kernel: the lines on which it began and ended say what came before what."""

    pid: int
    name: str
    args: str
    result: int
    path: str
    begun: int
    ended: int

    @property
    def data(self) -> bytes:
        """What was read or written, as far as strace shows it."""
        return b"".join(_plain(text) for text in QUOTED.findall(self.args))

    @property
    def good(self) -> bool:
        return self.result != FAILED

    @property
    def creates(self) -> bool:
        return self.name == "openat" and CREATES in self.args

    @property
    def syncs(self) -> bool:
        """Whether it made a file durable."""
        return self.name in ("fsync", "fdatasync") and self.result == 0

    @property
    def loses(self) -> bool:
        """Whether it failed to make a file durable; SQLite takes no notice of a folder's."""
        return self.name in ("fsync", "fdatasync") and not self.good and "." in self.path

    @property
    def writes(self) -> bool:
        return self.name in ("write", "pwrite64", "writev", "sendto", "sendmsg") and self.result > 0

    @property
    def reads(self) -> bool:
        return self.name in ("read", "recvfrom", "recvmsg") and self.result > 0


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """Yield the calls that returned, in the order in which they did."""
    waiting: dict[int, tuple[int, str]] = {}
    for number, line in enumerate(lines):
        found = LINE.match(line)
        if found is None:
            continue
        pid, rest, begun = int(found["pid"]), found["rest"].rstrip("\n"), number
        if rest.endswith(UNFINISHED):
            waiting[pid] = number, rest.removesuffix(UNFINISHED)
            continue
        resumed = RESUMED.match(rest)
        if resumed is not None:
            begun, first = waiting.pop(pid, (number, f"{resumed['name']}("))
            rest = first.rstrip() + resumed["rest"]
        call = CALL.match(rest)
        if call is not None and call["result"] != "?":
            yield _call(pid, call, begun, number)


def _call(pid: int, found: re.Match[str], begun: int, ended: int) -> Call:
    name, args = found["name"], found["args"]
    opens = name == "openat"
    descriptor = DESCRIPTOR.match(found["result"] + found["more"] if opens else args)
    path = descriptor["path"] if descriptor else ""
    return Call(pid, name, args, int(found["result"]), path, begun, ended)


def _plain(text: str) -> bytes:
    return codecs.decode(text, "unicode_escape").encode("latin-1")
