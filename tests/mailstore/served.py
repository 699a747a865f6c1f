"""What a sandboxed child serves in tests: one function for each way to behave."""

import os
import sys
from typing import Any

from mailstore.sandbox_child import Ask


def echo(args: Any, content: bytes, _ask: Ask) -> Any:
    return [args, content.decode("latin-1")]


def spin(_args: Any, _content: bytes, _ask: Ask) -> None:
    while True:
        pass


def crash(_args: Any, _content: bytes, _ask: Ask) -> None:
    os._exit(1)


def fail(_args: Any, _content: bytes, _ask: Ask) -> None:
    raise KeyError("a bug")


def recurse(args: Any, content: bytes, ask: Ask) -> None:
    recurse(args, content, ask)


def hoard(_args: Any, _content: bytes, _ask: Ask) -> int:
    return len(bytearray(2**30))


def big(size: Any, _content: bytes, _ask: Ask) -> str:
    return "x" * int(size)


def ask_for(names: Any, _content: bytes, ask: Ask) -> list[Any]:
    return [ask(name) for name in names]


def environment(_args: Any, _content: bytes, _ask: Ask) -> dict[str, str]:
    return dict(os.environ)


def number(_args: Any, _content: bytes, _ask: Ask) -> int:
    """Return the number of this process."""
    return os.getpid()


def files(_args: Any, _content: bytes, _ask: Ask) -> list[str]:
    """Return what the child has open, but for what it opens to look."""
    folder = "/proc/self/fd"
    opened = [os.path.join(folder, each) for each in os.listdir(folder)]
    return sorted(os.readlink(path) for path in opened if os.path.islink(path))


def say(text: Any, _content: bytes, _ask: Ask) -> None:
    """Say something that is no reply; only a child that was taken over would."""
    body = str(text).encode()
    os.write(int(sys.argv[2]), len(body).to_bytes(4) + body)


def say_too_much(_args: Any, _content: bytes, _ask: Ask) -> None:
    os.write(int(sys.argv[2]), b"\xff\xff\xff\xff")


SERVED = {
    function.__name__: function
    for function in (echo, spin, crash, fail, recurse, hoard, big, ask_for, environment, files,
                     number, say, say_too_much)
}  # fmt: skip
