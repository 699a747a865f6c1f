"""Questions to DNS about one mail: each is asked once, and only so many in so many seconds.

SPF, DKIM, DMARC and ARC share the budget, so that no mail can make us ask the world.
"""

import time
from typing import Any

from mailstore.sandbox_child import Ask

MOST_QUESTIONS = 60
SECONDS = 20.0
LONGEST_NAME = 253

Records = list[Any]


class Questions:
    """The budget of a mail; asked like the parent of a sandboxed child, and remembers."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: dict[tuple[str, str], Records | None] = {}
        self._end = time.monotonic() + SECONDS
        self.asked = 0

    def __call__(self, what: Any) -> Any:
        """Answer [kind, name] with records, an empty list, or None for "not known now"."""
        kind, name = what
        return self.look_up(kind, name)

    def look_up(self, kind: str, name: str) -> Records | None:
        """Return the records of a name, an empty list if there are none, None if unknown now."""
        key = kind, name.lower().rstrip(".")
        if not key[1] or len(key[1]) > LONGEST_NAME:
            return []
        if key in self._known:
            return self._known[key]
        if self.asked >= MOST_QUESTIONS or time.monotonic() > self._end:
            return None
        self.asked += 1
        self._known[key] = self._ask([kind, name])
        return self._known[key]

    def text(self, name: str) -> list[str] | None:
        """Return the TXT records of a name, each of its strings joined (RFC 7208 §3.3)."""
        records = self.look_up("TXT", name)
        return None if records is None else ["".join(record) for record in records]


def related(one: str, other: str) -> bool:
    """Whether two domains are the same, or one lies below the other and is no top level."""
    if not one or not other:
        return False
    shorter, longer = sorted((one, other), key=len)
    return one == other or ("." in shorter and longer.endswith(f".{shorter}"))
