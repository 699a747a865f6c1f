"""A child that reads mail and does something else where its text says so."""

import os
import time
from typing import Any

from mailstore.sandbox_child import Ask
from mailstore.search import reading


def read(args: object, raw: bytes, ask: Ask) -> Any:
    """Crash, stall or lie as the mail says, or read it."""
    if b"crash!" in raw:
        os.abort()
    if b"stall!" in raw:
        time.sleep(60)
    if b"lie!" in raw:
        return ["no", "words"]
    if b"babble!" in raw:
        return {"rest": [None, 17, "\ud800", "x" * 100, "a b", "", {"a": 1}], "from": ["'", "\0"]}
    if b"forge!" in raw:
        return {"from": raw.decode().split(), "rest": raw.decode().split()}
    return reading.read(args, raw, ask)


SERVED = {"read": read}
