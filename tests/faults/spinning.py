"""What the relay's children serve when some mails are to spin: examination, but for a mark."""

from typing import Any

from filter import reading
from mailstore.sandbox_child import Ask

MARK = b"X-Faults-Spin: yes"


def examine(args: dict[str, Any], raw: bytes, ask: Ask) -> dict[str, Any]:
    """Examine a mail; never end if it is marked."""
    while MARK in raw:
        pass
    return reading.examine(args, raw, ask)


SERVED = {"examine": examine}
